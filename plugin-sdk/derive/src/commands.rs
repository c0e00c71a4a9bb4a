//! The code that `#[derive(Commands)]` stands for.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned as _;
use syn::{Attribute, Data, DeriveInput, Error, Field, Fields, Ident, LitStr, Result, Variant};

/// The implementation for an enum.
pub(super) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(Error::new(input.span(), "commands are an enum: one variant for each"));
    };
    if let Some(parameter) = input.generics.params.first() {
        return Err(Error::new(
            parameter.span(),
            "commands are the same for everybody: no generics",
        ));
    }
    let (mut arms, mut problems) = (Vec::new(), None::<Error>);
    for variant in &data.variants {
        match arm(variant) {
            Ok(arm) => arms.push(arm),
            Err(problem) => match &mut problems {
                Some(all) => all.combine(problem),
                None => problems = Some(problem),
            },
        }
    }
    if let Some(problems) = problems {
        return Err(problems);
    }
    let name = &input.ident;
    Ok(quote! {
        impl ::waspnest_plugin::Commands for #name {
            fn read(command: &::waspnest_plugin::types::Command) -> ::core::result::Result<Self, ::waspnest_plugin::Error> {
                match command.words().as_slice() {
                    #(#arms)*
                    _ => ::core::result::Result::Err(::waspnest_plugin::Error::unknown_command(command)),
                }
            }
        }
    })
}

fn arm(variant: &Variant) -> Result<TokenStream> {
    let ident = &variant.ident;
    let words = match told(&variant.attrs, "command")? {
        Some(words) => {
            let split: Vec<String> = words.value().split_whitespace().map(str::to_owned).collect();
            if split.is_empty() {
                return Err(Error::new(words.span(), "a command has a name, such as \"todo add\""));
            }
            split
        }
        None => vec![kebab(ident)],
    };
    let fields = match &variant.fields {
        Fields::Unit => return Ok(quote! { [#(#words),*] => ::core::result::Result::Ok(Self::#ident), }),
        Fields::Named(fields) => fields,
        Fields::Unnamed(fields) => {
            return Err(Error::new(
                fields.span(),
                "arguments have names: write `{ name: Type }`",
            ));
        }
    };
    let fields = fields.named.iter().map(argument).collect::<Result<Vec<_>>>()?;
    Ok(quote! { [#(#words),*] => ::core::result::Result::Ok(Self::#ident { #(#fields),* }), })
}

fn argument(field: &Field) -> Result<TokenStream> {
    let ident = field.ident.as_ref().expect("fields in braces have names");
    let name = match told(&field.attrs, "arg")? {
        Some(name) => name.value(),
        None => kebab(ident),
    };
    Ok(quote! { #ident: ::waspnest_plugin::Argument::of(command, #name)? })
}

/// The text in `#[name("text")]`.
fn told(attributes: &[Attribute], name: &str) -> Result<Option<LitStr>> {
    let mut all = attributes.iter().filter(|attribute| attribute.path().is_ident(name));
    let (first, second) = (all.next(), all.next());
    match (first, second) {
        (None, _) => Ok(None),
        (Some(attribute), None) => attribute.parse_args().map(Some),
        (Some(_), Some(again)) => Err(Error::new(again.span(), "said twice")),
    }
}

/// A name of Rust as manifests write it: `DueDate` and `due_date` are `due-date`.
fn kebab(ident: &Ident) -> String {
    let ident = ident.to_string();
    let mut name = String::new();
    for (at, letter) in ident.strip_prefix("r#").unwrap_or(&ident).char_indices() {
        if letter == '_' {
            name.push('-');
        } else {
            if letter.is_uppercase() && at > 0 {
                name.push('-');
            }
            name.extend(letter.to_lowercase());
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_str;

    fn refused(code: &str) -> String {
        let input = parse_str(code).expect("it is Rust");
        derive(&input)
            .expect_err("it is refused")
            .into_compile_error()
            .to_string()
    }

    #[test]
    fn names_are_written_as_in_manifests() {
        for (rust, manifest) in [
            ("DueDate", "due-date"),
            ("due_date", "due-date"),
            ("r#type", "type"),
            ("Add", "add"),
        ] {
            assert_eq!(kebab(&parse_str(rust).expect("a name")), manifest);
        }
    }

    #[test]
    fn what_is_written_wrongly_is_told_all_at_once() {
        assert!(refused("struct One;").contains("enum"));
        assert!(refused("enum Any<T> { One { x: T } }").contains("generics"));
        let told =
            refused("enum Both { Add(String), #[command(\"\")] List, Drop { #[arg(\"a\")] #[arg(\"b\")] x: String } }");
        for part in ["have names", "has a name", "said twice"] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }
}
