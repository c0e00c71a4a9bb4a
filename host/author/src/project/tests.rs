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
