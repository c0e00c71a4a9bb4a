//! The contract as TypeScript sees it: one module declaration an interface, made from the WIT, so that it is always true.
//!
//! Numbers of 64 bits are `number`: that is what the engine of JavaScript plugins passes. What is optional may be missing, null or undefined.

use std::fmt::Write as _;

use heck::{ToLowerCamelCase as _, ToUpperCamelCase as _};
use wit_parser::{
    Docs, Function, FunctionKind, Handle, Interface, Resolve, Type, TypeDef, TypeDefKind, TypeOwner, WorldItem,
    WorldKey,
};

/// The world that has all handlers.
const EVERYTHING: &str = "everything";

/// Words that cannot be names of functions.
const RESERVED: [&str; 2] = ["yield", "delete"];

/// Declares all interfaces of the contract.
pub(super) fn declarations(resolve: &Resolve) -> String {
    let handlers: Vec<_> = resolve
        .worlds
        .iter()
        .filter(|(_, world)| world.name == EVERYTHING)
        .flat_map(|(_, world)| &world.exports)
        .filter_map(|(key, item)| match (key, item) {
            (WorldKey::Interface(id), WorldItem::Interface { .. }) => Some(*id),
            _ => None,
        })
        .collect();
    let mut text = "// The contract. Made from its WIT by `waspnest plugin build`; changes here are lost.\n".to_owned();
    for (id, interface) in resolve.interfaces.iter() {
        let Some(name) = resolve.id_of(id).and_then(|name| module(&name)) else {
            continue;
        };
        docs(&mut text, &interface.docs, "\n");
        let _ = writeln!(text, "declare module \"{name}\" {{");
        for (name, ty) in &interface.types {
            Writer {
                resolve,
                text: &mut text,
            }
            .definition(name, &resolve.types[*ty], interface);
        }
        // Handlers are not called but exported.
        if !handlers.contains(&id) {
            for function in interface
                .functions
                .values()
                .filter(|function| function.kind == FunctionKind::Freestanding)
            {
                Writer {
                    resolve,
                    text: &mut text,
                }
                .function(function);
            }
        }
        text += "}\n";
    }
    text
}

/// What an interface is imported as: its name without a version.
fn module(name: &str) -> Option<String> {
    let name = name.split('@').next()?;
    name.starts_with("waspnest:").then(|| name.to_owned())
}

fn docs(text: &mut String, docs: &Docs, indent: &str) {
    let Some(words) = &docs.contents else {
        return;
    };
    let words = words.trim().replace("*/", "* /");
    let lines: Vec<_> = words.lines().map(str::trim_end).collect();
    *text += indent;
    match lines.as_slice() {
        [line] => *text += &format!("/** {line} */\n"),
        lines => {
            let indent = indent.trim_start_matches('\n');
            *text += "/**\n";
            for line in lines {
                *text += format!("{indent} * {line}").trim_end();
                *text += "\n";
            }
            *text += &format!("{indent} */\n");
        }
    }
}

struct Writer<'a> {
    resolve: &'a Resolve,
    text: &'a mut String,
}

impl Writer<'_> {
    fn definition(&mut self, name: &str, ty: &TypeDef, interface: &Interface) {
        let type_name = name.to_upper_camel_case();
        if let TypeDefKind::Type(Type::Id(of)) = ty.kind
            && let TypeOwner::Interface(home) = self.resolve.types[of].owner
            && self.resolve.types[of].owner != ty.owner
            && let Some(module) = self.resolve.id_of(home).and_then(|home| module(&home))
        {
            let original = self.resolve.types[of]
                .name
                .as_deref()
                .unwrap_or(name)
                .to_upper_camel_case();
            let _ = writeln!(
                self.text,
                "  import type {{ {original} }} from \"{module}\";\n  export type {{ {original} as {type_name} }};"
            );
            return;
        }
        docs(self.text, &ty.docs, "  ");
        match &ty.kind {
            TypeDefKind::Record(record) => {
                let _ = writeln!(self.text, "  export interface {type_name} {{");
                for field in &record.fields {
                    docs(self.text, &field.docs, "    ");
                    let (mark, ty) = self.field(&field.ty);
                    let _ = writeln!(self.text, "    {}{mark}: {ty};", field.name.to_lower_camel_case());
                }
                *self.text += "  }\n";
            }
            TypeDefKind::Variant(variant) => {
                let _ = writeln!(self.text, "  export type {type_name} =");
                for case in &variant.cases {
                    docs(self.text, &case.docs, "    ");
                    let payload = case.ty.as_ref().map(|ty| self.field(ty));
                    let payload = payload.map_or_else(String::new, |(mark, ty)| format!("; val{mark}: {ty}"));
                    let _ = writeln!(self.text, "    | {{ tag: \"{}\"{payload} }}", case.name);
                }
                *self.text += "  ;\n";
            }
            TypeDefKind::Enum(cases) => {
                let _ = writeln!(self.text, "  export type {type_name} =");
                for case in &cases.cases {
                    docs(self.text, &case.docs, "    ");
                    let _ = writeln!(self.text, "    | \"{}\"", case.name);
                }
                *self.text += "  ;\n";
            }
            TypeDefKind::Resource => self.resource(name, &type_name, interface),
            _ => {
                let ty = self.kind(&ty.kind);
                let _ = writeln!(self.text, "  export type {type_name} = {ty};");
            }
        }
    }

    fn resource(&mut self, name: &str, type_name: &str, interface: &Interface) {
        let _ = writeln!(self.text, "  export class {type_name} {{");
        let prefix = format!("{name}.");
        let own = |function: &&Function| {
            function
                .name
                .split_once(']')
                .is_some_and(|(_, rest)| rest == name || rest.starts_with(&prefix))
        };
        let mut constructed = false;
        for function in interface.functions.values().filter(own) {
            docs(self.text, &function.docs, "    ");
            let plain = function.item_name().to_lower_camel_case();
            let (skip, head) = match function.kind {
                FunctionKind::Constructor(_) => {
                    constructed = true;
                    (0, "constructor".to_owned())
                }
                FunctionKind::Static(_) => (0, format!("static {plain}")),
                _ => (1, plain),
            };
            let params = self.params(function, skip);
            let result = match function.kind {
                FunctionKind::Constructor(_) => String::new(),
                _ => format!(": {}", self.result(function)),
            };
            let _ = writeln!(self.text, "    {head}({params}){result};");
        }
        if !constructed {
            *self.text += "    private constructor();\n";
        }
        *self.text += "  }\n";
    }

    fn function(&mut self, function: &Function) {
        docs(self.text, &function.docs, "  ");
        let name = function.name.to_lower_camel_case();
        let (params, result) = (self.params(function, 0), self.result(function));
        let _ = match RESERVED.contains(&name.as_str()) {
            true => writeln!(
                self.text,
                "  function _{name}({params}): {result};\n  export {{ _{name} as {name} }};"
            ),
            false => writeln!(self.text, "  export function {name}({params}): {result};"),
        };
    }

    fn params(&self, function: &Function, skip: usize) -> String {
        let params = function.params.iter().skip(skip);
        let params = params.map(|param| format!("{}: {}", param.name.to_lower_camel_case(), self.ty(&param.ty)));
        params.collect::<Vec<_>>().join(", ")
    }

    /// What a function answers; an error is thrown.
    fn result(&self, function: &Function) -> String {
        let Some(ty) = &function.result else {
            return "void".to_owned();
        };
        if let Type::Id(id) = ty
            && let TypeDefKind::Result(result) = &self.resolve.types[*id].kind
        {
            return result.ok.as_ref().map_or_else(|| "void".to_owned(), |ok| self.ty(ok));
        }
        self.ty(ty)
    }

    /// A mark for what may be missing, and the type.
    fn field(&self, ty: &Type) -> (&'static str, String) {
        let is_optional = matches!(ty, Type::Id(id) if matches!(self.resolve.types[*id].kind, TypeDefKind::Option(_)));
        (if is_optional { "?" } else { "" }, self.ty(ty))
    }

    fn ty(&self, ty: &Type) -> String {
        match ty {
            Type::Bool => "boolean".to_owned(),
            Type::U8
            | Type::U16
            | Type::U32
            | Type::U64
            | Type::S8
            | Type::S16
            | Type::S32
            | Type::S64
            | Type::F32
            | Type::F64 => "number".to_owned(),
            Type::Char | Type::String => "string".to_owned(),
            Type::ErrorContext => "never".to_owned(),
            Type::Id(id) => match &self.resolve.types[*id] {
                TypeDef { name: Some(name), .. } => name.to_upper_camel_case(),
                TypeDef { kind, .. } => self.kind(kind),
            },
        }
    }

    fn kind(&self, kind: &TypeDefKind) -> String {
        match kind {
            TypeDefKind::Type(ty) => self.ty(ty),
            TypeDefKind::Option(ty) => format!("{} | null | undefined", self.ty(ty)),
            TypeDefKind::List(Type::U8) => "Uint8Array".to_owned(),
            TypeDefKind::List(ty) => match self.ty(ty) {
                simple if simple.contains(' ') => format!("({simple})[]"),
                simple => format!("{simple}[]"),
            },
            TypeDefKind::Tuple(tuple) => {
                let types: Vec<_> = tuple.types.iter().map(|ty| self.ty(ty)).collect();
                format!("[{}]", types.join(", "))
            }
            TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id)) => self.ty(&Type::Id(*id)),
            // The contract has no others.
            _ => "never".to_owned(),
        }
    }
}
