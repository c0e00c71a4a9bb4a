use std::error::Error;

use wit_parser::{Resolve, WorldKey};

use super::*;

type Done = Result<(), Box<dyn Error>>;

fn world() -> World {
    World {
        imports: ["types", "messaging", "kv", "log"].map(Into::into).into(),
        exports: ["message-handler", "lifecycle"].map(Into::into).into(),
    }
}

#[test]
fn what_is_generated_is_a_package_with_exactly_the_world_that_was_asked_for() -> Done {
    let dir = tempfile::tempdir()?;
    let project = Project::new(dir.path(), Language::Rust, None)?;
    project.generate(&world())?;
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(project.wit())?;
    let found = resolve.select_world(&[package], Some(World::NAME))?;
    let version = crate::world::contract_version();
    let full = |interfaces: &[Box<str>]| -> Vec<String> {
        let full = interfaces
            .iter()
            .map(|name| format!("waspnest:plugin/{name}@{version}"));
        full.collect()
    };
    let named =
        |keys: Vec<&WorldKey>| -> Vec<String> { keys.into_iter().map(|key| resolve.name_world_key(key)).collect() };
    let made = &resolve.worlds[found];
    assert_eq!(named(made.imports.keys().collect()), full(&world().imports));
    assert_eq!(named(made.exports.keys().collect()), full(&world().exports));
    Ok(())
}

#[test]
fn what_is_the_same_is_not_written_again_and_what_is_of_no_use_goes() -> Done {
    let dir = tempfile::tempdir()?;
    let project = Project::new(dir.path(), Language::Rust, None)?;
    project.generate(&world())?;
    let (kept, old) = (project.wit().join("world.wit"), project.wit().join("deps/gone/old.wit"));
    let mut locked = fs::metadata(&kept)?.permissions();
    locked.set_readonly(true);
    fs::set_permissions(&kept, locked)?;
    let before = fs::metadata(&kept)?.modified()?;
    fs::create_dir_all(old.parent().expect("it has one"))?;
    fs::write(&old, "package gone:gone;\n")?;
    project.generate(&world())?;
    assert_eq!(fs::metadata(&kept)?.modified()?, before);
    assert!(!old.exists());
    Ok(())
}

#[test]
fn sources_that_are_not_there_are_named() -> Done {
    let dir = tempfile::tempdir()?;
    let project = Project::new(dir.path(), Language::Rust, Some(Path::new("elsewhere")))?;
    let failed = project.build(&mut |_| {}).expect_err("nothing to build");
    assert!(
        matches!(&failed, BuildError::NoSource { path } if path.ends_with("elsewhere")),
        "{failed}"
    );
    Ok(())
}

/// A world with all of the contract.
fn everything() -> World {
    let resolve = crate::world::contract();
    let (_, world) = resolve
        .worlds
        .iter()
        .find(|(_, world)| world.name == "everything")
        .expect("the contract has it");
    let named = |keys: Vec<&WorldKey>| -> Vec<Box<str>> {
        let names = keys.into_iter().map(|key| resolve.name_world_key(key));
        let short = |name: String| Some(name.split_once('/')?.1.split('@').next()?.into());
        names.filter_map(short).collect()
    };
    World {
        imports: named(world.imports.keys().collect()),
        exports: named(world.exports.keys().collect()),
    }
}

#[test]
fn every_language_has_a_layer_for_every_handler_of_the_contract() {
    let world = everything();
    assert!(world.exports.len() >= 16 && world.imports.len() >= 16);
    for language in Language::ALL {
        let layer = language.toolchain().layer(&world);
        let text = |path: &str| -> &str {
            let found = layer.iter().find(|(known, _)| known == Path::new(path));
            &found.unwrap_or_else(|| panic!("{language}: {path}")).1
        };
        for handler in &world.exports {
            let (snake, pascal) = (handler.replace('-', "_"), heck::AsUpperCamelCase(handler));
            let (file, expected) = match language {
                // Its traits are checked by its compiler.
                Language::Rust => continue,
                Language::Js | Language::Ts => (
                    "handlers.ts",
                    format!("export const {} = ", heck::AsLowerCamelCase(handler)),
                ),
                Language::Python => ("waspnest/exports.py", format!("\nclass {pascal}:\n")),
                Language::Go => (
                    &*format!("on_{snake}.go"),
                    format!("wit/export_waspnest_plugin_{snake}\""),
                ),
                Language::C => (
                    "handlers.c",
                    format!("#ifdef WASPNEST_EXPORTS_{}\n", snake.to_uppercase()),
                ),
            };
            assert!(text(file).contains(&expected), "{language}: {file} lacks {expected:?}");
        }
    }
}
