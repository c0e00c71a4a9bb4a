//! Memory for what is not Go in a module that Go made: WASI's adapter, and what the host hands over.
//!
//! Both ask the module for memory by functions, and Go must not be what answers: the adapter asks before Go has begun, and while the host
//! hands something over nobody may call it, which Go's scheduler and its collector of garbage might. So the layer sets bytes aside that
//! begin with marks (`wit/runtime/runtime.go`), and the module gets functions here that deal them out. For the same reason it loses
//! those that Go exports to tidy up after a call.

use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, Encode as _, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, MemArg, Module, RawSection, SectionId, TypeSection, ValType,
};
use wasmparser::{BinaryReader, BinaryReaderError, DataKind, ExternalKind, Operator, Parser, Payload, TypeRef};

/// What the room for the adapter begins with, and how large it is.
const ROOM: &[u8] = b"waspnest:room for the adapter";
const ROOM_SIZE: i32 = 1 << 18;
/// What the tray for the host begins with, and where in it stand the beginning and the end of what is free.
const TRAY: &[u8] = b"waspnest:tray for the host";
const TRAY_NEXT: i32 = 32;
const TRAY_END: i32 = 36;
/// What they ask for memory by.
const OF_ADAPTER: &str = "cabi_realloc_adapter";
const OF_HOST: &str = "cabi_realloc";
/// How functions begin that tidy up.
const AFTER: &str = "cabi_post_";
/// The first byte of the room that is dealt out lies at a multiple of this.
const ALIGNMENT: i32 = 64;

/// What the module has, so that more can be added behind it.
#[derive(Default)]
struct Counts {
    types: u32,
    functions: u32,
    globals: u32,
    room: Option<i32>,
    tray: Option<i32>,
}

/// Where the bytes are.
#[derive(Clone, Copy)]
struct Places {
    room: i32,
    tray: i32,
}

/// The module with those functions.
///
/// # Errors
/// What is wrong with the module, in words.
pub(super) fn with_room(module: &[u8]) -> Result<Vec<u8>, String> {
    let broken = |error: BinaryReaderError| format!("what it made is not WebAssembly: {error}");
    let counts = counted(module).map_err(broken)?;
    let (Some(room), Some(tray)) = (counts.room, counts.tray) else {
        return Err("it left the layer out: the plugin must import \"waspnest.org/plugin\"".to_owned());
    };
    let places = Places { room, tray };
    let mut made = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.map_err(broken)?;
        if matches!(payload, Payload::CodeSectionEntry(_)) {
            continue;
        }
        if let Payload::ExportSection(exports) = payload {
            made.section(&exported(exports, counts.functions).map_err(broken)?);
            continue;
        }
        let Some((id, range)) = payload.as_section() else {
            continue;
        };
        let start = usize::try_from(range.start).unwrap_or(usize::MAX);
        let end = usize::try_from(range.end).unwrap_or(usize::MAX);
        let data = module.get(start..end).ok_or("what it made is cut off")?;
        match added(id, &counts, places) {
            None => made.section(&RawSection { id, data }),
            Some(more) => {
                let data = joined(data, &more).map_err(broken)?;
                made.section(&RawSection { id, data: &data })
            }
        };
    }
    Ok(made.finish())
}

fn counted(module: &[u8]) -> Result<Counts, BinaryReaderError> {
    let mut counts = Counts::default();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::TypeSection(section) => counts.types += section.count(),
            Payload::FunctionSection(section) => counts.functions += section.count(),
            Payload::GlobalSection(section) => counts.globals += section.count(),
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    match import?.ty {
                        TypeRef::Func(_) => counts.functions += 1,
                        TypeRef::Global(_) => counts.globals += 1,
                        _ => {}
                    }
                }
            }
            Payload::DataSection(section) => {
                for data in section {
                    let data = data?;
                    let DataKind::Active { offset_expr, .. } = data.kind else {
                        continue;
                    };
                    if let Operator::I32Const { value } = offset_expr.get_operators_reader().read()? {
                        let at = |mark: &[u8]| {
                            let at = data.data.windows(mark.len()).position(|window| window == mark)?;
                            i32::try_from(at).ok().map(|at| value + at)
                        };
                        counts.room = counts.room.or_else(|| at(ROOM));
                        counts.tray = counts.tray.or_else(|| at(TRAY));
                    }
                }
            }
            _ => {}
        }
    }
    Ok(counts)
}

/// What is exported, with the functions that are added behind so many others.
fn exported(section: wasmparser::ExportSectionReader<'_>, functions: u32) -> Result<ExportSection, BinaryReaderError> {
    let mut exports = ExportSection::new();
    for export in section {
        let export = export?;
        if export.name.starts_with(AFTER) {
            continue;
        }
        let kind = match export.kind {
            ExternalKind::Func | ExternalKind::FuncExact => ExportKind::Func,
            ExternalKind::Table => ExportKind::Table,
            ExternalKind::Memory => ExportKind::Memory,
            ExternalKind::Global => ExportKind::Global,
            ExternalKind::Tag => ExportKind::Tag,
        };
        exports.export(export.name, kind, export.index);
    }
    exports.export(OF_ADAPTER, ExportKind::Func, functions);
    exports.export(OF_HOST, ExportKind::Func, functions + 1);
    Ok(exports)
}

/// A section with what a section of this kind gets, and how many entries that is.
fn added(id: u8, counts: &Counts, places: Places) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    match id {
        id if id == SectionId::Type as u8 => {
            let mut types = TypeSection::new();
            types.ty().function([ValType::I32; 4], [ValType::I32]);
            types.encode(&mut bytes);
        }
        id if id == SectionId::Function as u8 => {
            let mut functions = FunctionSection::new();
            functions.function(counts.types).function(counts.types);
            functions.encode(&mut bytes);
        }
        id if id == SectionId::Global as u8 => {
            let mut globals = GlobalSection::new();
            let next = GlobalType {
                val_type: ValType::I32,
                mutable: true,
                shared: false,
            };
            let first = (places.room + ALIGNMENT - 1) & -ALIGNMENT;
            globals.global(next, &ConstExpr::i32_const(first));
            globals.encode(&mut bytes);
        }
        id if id == SectionId::Code as u8 => {
            let mut code = CodeSection::new();
            code.function(&dealing_room(counts.globals, places.room + ROOM_SIZE));
            code.function(&dealing_tray(places.tray));
            code.encode(&mut bytes);
        }
        _ => return None,
    }
    Some(bytes)
}

/// Both are `(old, old size, alignment, size) -> address`. Nothing is ever given back, and behind the end they trap.
const ALIGN: u32 = 2;
const WANTED: u32 = 3;
const ADDRESS: u32 = 4;

fn dealing_room(next: u32, end: i32) -> Function {
    let mut function = Function::new([(1, ValType::I32)]);
    let mut code = function.instructions();
    code.global_get(next).local_get(ALIGN).i32_add().i32_const(1).i32_sub();
    code.i32_const(0)
        .local_get(ALIGN)
        .i32_sub()
        .i32_and()
        .local_tee(ADDRESS);
    code.local_get(WANTED).i32_add().global_set(next);
    code.global_get(next).i32_const(end).i32_gt_u();
    code.if_(BlockType::Empty).unreachable().end();
    code.local_get(ADDRESS).end();
    function
}

fn dealing_tray(tray: i32) -> Function {
    let word = |at: i32| MemArg {
        offset: u64::from((tray + at).cast_unsigned()),
        align: 2,
        memory_index: 0,
    };
    let mut function = Function::new([(1, ValType::I32)]);
    let mut code = function.instructions();
    code.i32_const(0).i32_load(word(TRAY_NEXT));
    code.local_get(ALIGN).i32_add().i32_const(1).i32_sub();
    code.i32_const(0)
        .local_get(ALIGN)
        .i32_sub()
        .i32_and()
        .local_set(ADDRESS);
    // No sum overflows: the tray is small, and so is what the host hands over at a time.
    code.i32_const(0);
    code.local_get(ADDRESS)
        .local_get(WANTED)
        .i32_add()
        .i32_store(word(TRAY_NEXT));
    code.i32_const(0).i32_load(word(TRAY_NEXT));
    code.i32_const(0).i32_load(word(TRAY_END)).i32_gt_u();
    code.if_(BlockType::Empty).unreachable().end();
    code.local_get(ADDRESS).end();
    function
}

/// The content of a section with the entries of another behind its own.
fn joined(data: &[u8], more: &[u8]) -> Result<Vec<u8>, BinaryReaderError> {
    // Before the entries stands how many bytes follow, which the section will say itself.
    let mut more = BinaryReader::new(more, 0);
    more.read_var_u32()?;
    let added = more.read_var_u32()?;
    let mut data = BinaryReader::new(data, 0);
    let count = data.read_var_u32()?;
    let mut joined = Vec::new();
    (count + added).encode(&mut joined);
    joined.extend_from_slice(data.read_bytes(data.bytes_remaining())?);
    joined.extend_from_slice(more.read_bytes(more.bytes_remaining())?);
    Ok(joined)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_gets_functions_that_deal_its_room_out_and_loses_what_tidies_up() {
        let module = wat::parse_str(
            r#"(module
                (import "a" "b" (func (param i32)))
                (memory 8)
                (global (mut i32) (i32.const 7))
                (func (export "on") (export "cabi_post_on") (result i32) (i32.const 1))
                (data (i32.const 64) "waspnest:tray for the host")
                (data (i32.const 4100) "before waspnest:room for the adapter"))"#,
        );
        let made = with_room(&module.expect("a module")).expect("it has room");
        wasmparser::validate(&made).expect("it is a module still");
        let counts = counted(&made).expect("it can be read");
        assert_eq!((counts.functions, counts.globals), (4, 2));
        assert_eq!((counts.room, counts.tray), (Some(4107), Some(64)));
        let has = |name: &str| made.windows(name.len()).any(|window| window == name.as_bytes());
        assert!(has(OF_ADAPTER) && has("on") && !has(AFTER));
    }

    #[test]
    fn a_module_without_the_layer_is_told() {
        let module = wat::parse_str("(module (func (export \"on\")))").expect("a module");
        let told = with_room(&module).expect_err("no room");
        assert!(told.contains("waspnest.org/plugin"), "{told}");
        assert!(with_room(b"no module").is_err());
    }
}
