//! The contract as pages see it: its interfaces, with types and signatures written as the WIT writes them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use wit_parser::{Docs, Function, FunctionKind, Handle, InterfaceId, Resolve, Type, TypeDefKind, TypeId, WorldItem};

/// An interface.
pub(super) struct Interface {
    pub(super) name: String,
    pub(super) docs: String,
    pub(super) functions: Vec<Item>,
    pub(super) types: Vec<Item>,
}

/// A function or a type.
pub(super) struct Item {
    pub(super) name: String,
    pub(super) docs: String,
    /// As the WIT has it.
    pub(super) text: String,
}

/// The contract.
pub(super) struct Contract {
    /// What is common to all capabilities.
    pub(super) of_capabilities: String,
    /// What is common to all handlers.
    pub(super) of_handlers: String,
    /// What plugins import, in the contract's order.
    pub(super) capabilities: Vec<Interface>,
    /// What plugins export.
    pub(super) handlers: Vec<Interface>,
    /// What both are written in.
    pub(super) types: Interface,
}

impl Contract {
    /// Reads the WIT of a directory.
    pub(super) fn read(dir: &Path) -> Result<Self> {
        let mut resolve = Resolve::default();
        let (package, _) = resolve
            .push_dir(dir)
            .map_err(|error| anyhow!("{error:#}"))
            .with_context(|| format!("reading the contract in {}", dir.display()))?;
        let world = |name: &str| {
            let found = resolve.packages[package].worlds.get(name);
            found
                .copied()
                .with_context(|| format!("the contract has no world {name}"))
        };
        // The parser takes what stands at the top of a file for documentation of the first thing in it.
        let top = |file: &str| preface(&dir.join(file));
        let tops = [
            top("host.wit")?,
            top("account.wit")?,
            top("handlers.wit")?,
            top("types.wit")?,
        ];
        let interfaces = |items: Vec<&WorldItem>| -> Vec<Interface> {
            let ids = items.into_iter().filter_map(|item| match item {
                WorldItem::Interface { id, .. } => Some(*id),
                WorldItem::Function(_) | WorldItem::Type { .. } => None,
            });
            ids.map(|id| Interface::of(&resolve, id, &tops)).collect()
        };
        let everything = &resolve.worlds[world("everything")?];
        let (types, capabilities) = interfaces(everything.imports.values().collect())
            .into_iter()
            .partition::<Vec<_>, _>(|interface| interface.name == "types");
        let [of_capabilities, of_account, of_handlers, _] = &tops;
        Ok(Self {
            of_capabilities: format!("{of_capabilities}\n\n{of_account}").trim().to_owned(),
            of_handlers: of_handlers.clone(),
            capabilities,
            handlers: interfaces(everything.exports.values().collect()),
            types: types.into_iter().next().context("the contract has no types")?,
        })
    }
}

impl Interface {
    fn of(resolve: &Resolve, id: InterfaceId, tops: &[String]) -> Self {
        let interface = &resolve.interfaces[id];
        let whole = docs(&interface.docs);
        let own_words = tops
            .iter()
            .filter(|top| !top.is_empty())
            .find_map(|top| whole.strip_prefix(top.as_str()));
        let own = interface.types.iter().filter(|(_, id)| !is_used(resolve, **id));
        Self {
            name: interface.name.clone().unwrap_or_default(),
            docs: own_words.unwrap_or(&whole).trim().to_owned(),
            functions: interface
                .functions
                .values()
                .map(|function| signature(resolve, function))
                .collect(),
            types: own.map(|(name, id)| definition(resolve, name, *id)).collect(),
        }
    }
}

/// The comment at the top of a file.
fn preface(file: &Path) -> Result<String> {
    let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let lines = text
        .lines()
        .skip_while(|line| !line.starts_with("//") || line.starts_with("///"));
    let lines = lines.take_while(|line| line.starts_with("//") && !line.starts_with("///"));
    let lines: Vec<&str> = lines.map(|line| line.trim_start_matches("//").trim_start()).collect();
    let before_all = text.find("//").is_some_and(|at| !text[at..].starts_with("///"));
    Ok(if before_all { lines.join("\n") } else { String::new() })
}

/// Whether a type comes from another interface by `use`.
fn is_used(resolve: &Resolve, id: TypeId) -> bool {
    let alias = &resolve.types[id];
    match alias.kind {
        TypeDefKind::Type(Type::Id(meant)) => resolve.types[meant].owner != alias.owner,
        _ => false,
    }
}

fn docs(docs: &Docs) -> String {
    docs.contents.clone().unwrap_or_default().trim().to_owned()
}

fn signature(resolve: &Resolve, function: &Function) -> Item {
    let (owner, form) = match function.kind {
        FunctionKind::Method(of) | FunctionKind::AsyncMethod(of) => (Some(of), "func"),
        FunctionKind::Static(of) | FunctionKind::AsyncStatic(of) => (Some(of), "static func"),
        FunctionKind::Constructor(of) => (Some(of), "constructor"),
        FunctionKind::Freestanding | FunctionKind::AsyncFreestanding => (None, "func"),
    };
    let owner = owner.and_then(|of| resolve.types[of].name.clone());
    let name = match owner {
        Some(owner) => format!("{owner}.{}", function.item_name()),
        None => function.name.clone(),
    };
    // A method's first parameter is what it is called on.
    let own = match function.kind {
        FunctionKind::Method(_) | FunctionKind::AsyncMethod(_) => 1,
        _ => 0,
    };
    let params = function.params.iter().skip(own);
    let params: Vec<String> = params
        .map(|param| format!("{}: {}", param.name, written(resolve, &param.ty)))
        .collect();
    let result = function
        .result
        .map(|result| format!(" -> {}", written(resolve, &result)));
    Item {
        text: format!(
            "{}: {form}({}){};",
            function.item_name(),
            params.join(", "),
            result.unwrap_or_default()
        ),
        docs: docs(&function.docs),
        name,
    }
}

fn definition(resolve: &Resolve, name: &str, id: TypeId) -> Item {
    let definition = &resolve.types[id];
    let member = |docs: &Docs, text: String| {
        let docs = docs.contents.iter().flat_map(|docs| docs.trim().lines());
        let docs: String = docs.map(|line| format!("  /// {line}\n")).collect();
        format!("{docs}  {text},\n")
    };
    let with = |ty: Option<Type>| ty.map(|ty| format!("({})", written(resolve, &ty))).unwrap_or_default();
    let body = match &definition.kind {
        TypeDefKind::Record(record) => {
            let fields = record.fields.iter();
            let fields: String = fields
                .map(|field| member(&field.docs, format!("{}: {}", field.name, written(resolve, &field.ty))))
                .collect();
            format!("record {name} {{\n{fields}}}")
        }
        TypeDefKind::Variant(variant) => {
            let cases = variant.cases.iter();
            let cases: String = cases
                .map(|case| member(&case.docs, format!("{}{}", case.name, with(case.ty))))
                .collect();
            format!("variant {name} {{\n{cases}}}")
        }
        TypeDefKind::Enum(cases) => {
            let cases: String = cases
                .cases
                .iter()
                .map(|case| member(&case.docs, case.name.clone()))
                .collect();
            format!("enum {name} {{\n{cases}}}")
        }
        TypeDefKind::Flags(flags) => {
            let flags: String = flags
                .flags
                .iter()
                .map(|flag| member(&flag.docs, flag.name.clone()))
                .collect();
            format!("flags {name} {{\n{flags}}}")
        }
        TypeDefKind::Resource => format!("resource {name};"),
        TypeDefKind::Type(meant) => format!("type {name} = {};", written(resolve, meant)),
        other => format!("type {name} = {};", composed(resolve, other)),
    };
    Item {
        name: name.to_owned(),
        docs: docs(&definition.docs),
        text: body,
    }
}

/// A type as it is written where it is used.
fn written(resolve: &Resolve, ty: &Type) -> String {
    let plain = match ty {
        Type::Bool => "bool",
        Type::U8 => "u8",
        Type::U16 => "u16",
        Type::U32 => "u32",
        Type::U64 => "u64",
        Type::S8 => "s8",
        Type::S16 => "s16",
        Type::S32 => "s32",
        Type::S64 => "s64",
        Type::F32 => "f32",
        Type::F64 => "f64",
        Type::Char => "char",
        Type::String => "string",
        Type::ErrorContext => "error-context",
        Type::Id(id) => {
            let meant = &resolve.types[*id];
            return meant.name.clone().unwrap_or_else(|| composed(resolve, &meant.kind));
        }
    };
    plain.to_owned()
}

fn composed(resolve: &Resolve, kind: &TypeDefKind) -> String {
    let part = |ty: &Type| written(resolve, ty);
    match kind {
        TypeDefKind::Option(of) => format!("option<{}>", part(of)),
        TypeDefKind::List(of) => format!("list<{}>", part(of)),
        TypeDefKind::Result(result) => match (&result.ok, &result.err) {
            (None, None) => "result".to_owned(),
            (Some(ok), None) => format!("result<{}>", part(ok)),
            (ok, Some(err)) => {
                let ok = ok.as_ref().map_or_else(|| "_".to_owned(), part);
                format!("result<{ok}, {}>", part(err))
            }
        },
        TypeDefKind::Tuple(tuple) => {
            let parts: Vec<String> = tuple.types.iter().map(part).collect();
            format!("tuple<{}>", parts.join(", "))
        }
        TypeDefKind::Handle(Handle::Own(of)) => part(&Type::Id(*of)),
        TypeDefKind::Handle(Handle::Borrow(of)) => format!("borrow<{}>", part(&Type::Id(*of))),
        other => other.as_str().to_owned(),
    }
}
