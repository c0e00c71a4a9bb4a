//! Memory for WASI's adapter in a module that Go made.
//!
//! The adapter keeps its state in the module's memory, and asks the module for it when it is first called: by Go's runtime, before any
//! Go code can run that would answer. So the layer sets bytes aside that begin with a mark (`wit/runtime/runtime.go`), and the module gets
//! a function here, under the name that the adapter asks for, that deals them out.

use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, Encode as _, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, Module, RawSection, SectionId, TypeSection, ValType,
};
use wasmparser::{BinaryReader, BinaryReaderError, DataKind, Operator, Parser, Payload, TypeRef};

/// What the bytes begin with.
const MARK: &[u8] = b"waspnest:room for the adapter";
/// How many there are.
const SIZE: i32 = 1 << 18;
/// What the adapter asks for memory by.
const ASKED: &str = "cabi_realloc_adapter";
/// The first of the bytes that is dealt out lies at a multiple of this.
const ALIGNMENT: i32 = 64;

/// What the module has, so that more can be added behind it.
#[derive(Default)]
struct Counts {
    types: u32,
    functions: u32,
    globals: u32,
    room: Option<i32>,
}

/// The module with that function.
///
/// # Errors
/// What is wrong with the module, in words.
pub(super) fn with_room(module: &[u8]) -> Result<Vec<u8>, String> {
    let broken = |error: BinaryReaderError| format!("what it made is not WebAssembly: {error}");
    let counts = counted(module).map_err(broken)?;
    let room = counts
        .room
        .ok_or("it left the layer out: the plugin must import \"waspnest.org/plugin\"")?;
    let mut made = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.map_err(broken)?;
        if matches!(payload, Payload::CodeSectionEntry(_)) {
            continue;
        }
        let Some((id, range)) = payload.as_section() else {
            continue;
        };
        let start = usize::try_from(range.start).unwrap_or(usize::MAX);
        let end = usize::try_from(range.end).unwrap_or(usize::MAX);
        let data = module.get(start..end).ok_or("what it made is cut off")?;
        match added(id, &counts, room) {
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
                    let Some(at) = data.data.windows(MARK.len()).position(|window| window == MARK) else {
                        continue;
                    };
                    if let DataKind::Active { offset_expr, .. } = data.kind
                        && let Operator::I32Const { value } = offset_expr.get_operators_reader().read()?
                    {
                        counts.room = i32::try_from(at).ok().map(|at| value + at);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(counts)
}

/// A section with the one entry that a section of this kind gets.
fn added(id: u8, counts: &Counts, room: i32) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    match id {
        id if id == SectionId::Type as u8 => {
            let mut types = TypeSection::new();
            types.ty().function([ValType::I32; 4], [ValType::I32]);
            types.encode(&mut bytes);
        }
        id if id == SectionId::Function as u8 => {
            let mut functions = FunctionSection::new();
            functions.function(counts.types);
            functions.encode(&mut bytes);
        }
        id if id == SectionId::Global as u8 => {
            let mut globals = GlobalSection::new();
            let next = GlobalType {
                val_type: ValType::I32,
                mutable: true,
                shared: false,
            };
            let first = (room + ALIGNMENT - 1) & -ALIGNMENT;
            globals.global(next, &ConstExpr::i32_const(first));
            globals.encode(&mut bytes);
        }
        id if id == SectionId::Export as u8 => {
            let mut exports = ExportSection::new();
            exports.export(ASKED, ExportKind::Func, counts.functions);
            exports.encode(&mut bytes);
        }
        id if id == SectionId::Code as u8 => {
            let mut code = CodeSection::new();
            code.function(&dealing(counts.globals, room + SIZE));
            code.encode(&mut bytes);
        }
        _ => return None,
    }
    Some(bytes)
}

/// `(old, old size, alignment, size) -> address`, from the global on, up to an end behind which it traps. Nothing is ever given back.
fn dealing(next: u32, end: i32) -> Function {
    const ALIGN: u32 = 2;
    const WANTED: u32 = 3;
    const ADDRESS: u32 = 4;
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

/// The content of a section with the one entry of another behind its own.
fn joined(data: &[u8], more: &[u8]) -> Result<Vec<u8>, BinaryReaderError> {
    // Before the entry stand the bytes that follow, and how many entries there are.
    let mut more = BinaryReader::new(more, 0);
    more.read_var_u32()?;
    more.read_var_u32()?;
    let mut data = BinaryReader::new(data, 0);
    let count = data.read_var_u32()?;
    let mut joined = Vec::new();
    (count + 1).encode(&mut joined);
    joined.extend_from_slice(data.read_bytes(data.bytes_remaining())?);
    joined.extend_from_slice(more.read_bytes(more.bytes_remaining())?);
    Ok(joined)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_gets_a_function_that_deals_its_room_out() {
        let module = wat::parse_str(
            r#"(module
                (import "a" "b" (func (param i32)))
                (memory 8)
                (global (mut i32) (i32.const 7))
                (func (export "on") (result i32) (i32.const 1))
                (data (i32.const 4100) "before waspnest:room for the adapter"))"#,
        );
        let made = with_room(&module.expect("a module")).expect("it has room");
        wasmparser::validate(&made).expect("it is a module still");
        let counts = counted(&made).expect("it can be read");
        assert_eq!((counts.functions, counts.globals), (3, 2));
        assert_eq!(counts.room, Some(4107));
        assert!(made.windows(ASKED.len()).any(|window| window == ASKED.as_bytes()));
    }

    #[test]
    fn a_module_without_the_layer_is_told() {
        let module = wat::parse_str("(module (func (export \"on\")))").expect("a module");
        let told = with_room(&module).expect_err("no room");
        assert!(told.contains("waspnest.org/plugin"), "{told}");
        assert!(with_room(b"no module").is_err());
    }
}
