//! Outputs and inputs of every shape: folders, empty files, many outputs, names with odd characters.

use crate::support::{Space, children, set};

#[test]
fn an_output_folder_is_exported_cached_and_put_back() {
    let space = Space::with_spec(
        r#"
        [stages.book]
        program = "book"
        args    = ["book", "{out.pages}"]
        outputs = { pages = "book/pages" }
        "#,
    );
    space.program("book", r#"mkdir -p "$1/inner/empty"; echo one > "$1/1.txt"; echo two > "$1/inner/2.txt""#);
    space.run().expect_ran(["book"]);
    let pages = "spec.results/book/book/pages";
    let whole = |space: &Space| {
        assert_eq!(space.read(&format!("{pages}/1.txt")), "one\n");
        assert_eq!(space.read(&format!("{pages}/inner/2.txt")), "two\n");
        assert!(space.path(pages).join("inner/empty").is_dir());
        assert_eq!(children(&space.path(pages)).len(), 2);
    };
    whole(&space);
    assert_eq!(space.run().expect_no_work().exported, 0);

    space.remove("spec.results");
    assert_eq!(space.run().expect_no_work().exported, 1);
    whole(&space);

    space.edit(&format!("{pages}/inner/2.txt"), "two", "TWO");
    space.write(&format!("{pages}/more.txt"), "");
    assert_eq!(space.run().expect_no_work().exported, 1);
    whole(&space);
}

#[test]
fn a_result_that_was_a_file_becomes_a_folder() {
    let space =
        Space::with_spec(r#"stages.thing = { program = "thing", args = ["thing", "{out.x}"], outputs = { x = "x" } }"#);
    space.program("thing", r#"echo file > "$1""#);
    space.run().expect_ran(["thing"]);
    space.edit("spec.toml", r#"["thing", "{out.x}"]"#, r#"["thing", "{out.x}", "folder"]"#);
    space.program("thing", r#"mkdir "$1"; echo inside > "$1/file""#);
    space.run().expect_ran(["thing"]);
    assert_eq!(space.read("spec.results/thing/x/file"), "inside\n");
    space.edit("spec.toml", r#", "folder"]"#, "]");
    space.run().expect_no_work();
    assert_eq!(space.read("spec.results/thing/x"), "file\n");
}

#[test]
fn an_empty_file_is_an_output_like_any_other() {
    let space = Space::with_spec(
        r#"
        [stages.nothing]
        program = "nothing"
        args    = ["nothing", "{out.x}"]
        outputs = { x = "empty" }

        [stages.after]
        program = "step"
        args    = ["after", "{out.text}", "after", "{in.x}"]
        inputs  = { x = "stage:nothing" }
        outputs = { text = "text" }
        export  = { text = "text" }
        "#,
    );
    space.program("nothing", r#": > "$1""#);
    space.run().expect_ran(["nothing", "after"]);
    assert_eq!(space.read("spec.results/text"), "after\n");
    space.run().expect_no_work();
}

#[test]
fn several_outputs_each_have_their_readers() {
    let space = Space::with_spec(
        r#"
        [stages.split]
        program = "split"
        args    = ["split", "{out.head}", "{out.tail}", "{in.source}"]
        inputs  = { source = "source.txt" }
        outputs = { tail = "deep/tail.txt", head = "deep/head.txt" }

        [stages.reads-head]
        program = "step"
        args    = ["reads-head", "{out.text}", "head:", "{in.x}"]
        inputs  = { x = "stage:split.head" }
        outputs = { text = "text" }

        [stages.reads-tail]
        program = "step"
        args    = ["reads-tail", "{out.text}", "tail:", "{in.x}"]
        inputs  = { x = "stage:split.tail" }
        outputs = { text = "text" }
        "#,
    );
    space.program("split", r#"head -n 1 "$3" > "$1"; tail -n 1 "$3" > "$2""#);
    space.write("source.txt", "first\nlast\n");
    space.run().expect_ran(["split", "reads-head", "reads-tail"]);
    assert_eq!(space.read("spec.results/reads-head/text"), "head:\nfirst\n");
    assert_eq!(space.read("spec.results/reads-tail/text"), "tail:\nlast\n");
    // Only the reader of the output that came out different runs.
    space.edit("source.txt", "last", "end");
    space.run().expect_ran(["split", "reads-tail"]);
}

#[test]
fn odd_characters_in_names_values_and_paths_survive() {
    let values = ["a b", "ä", "日本", "שלום", "100%", "a'b", "$HOME", "(x)", "#", "*", "-n", "a=b"];
    let space = Space::new();
    space.write(
        "spec.toml",
        format!(
            r#"
            [stages.cell]
            program = "step"
            args    = ["cell/{{value}}", "{{out.text}}", "value: {{value}}", "{{in.source}}"]
            inputs  = {{ source = "ein Ordner/{{value}}.txt" }}
            outputs = {{ text = "{{value}}.txt" }}
            matrix  = {{ value = {values:?} }}
            export  = {{ text = "out/{{value}}.txt" }}

            [stages.all]
            program = "gather"
            args    = ["all", "{{out.text}}", "{{in.cells}}"]
            inputs  = {{ cells = "stage:cell" }}
            outputs = {{ text = "all.txt" }}
            export  = {{ text = "all.txt" }}
            "#,
        ),
    );
    values.iter().for_each(|value| space.write(&format!("ein Ordner/{value}.txt"), format!("source of {value}\n")));
    let cells = values.map(|value| format!("cell/{value}"));
    space.run().expect_ran(cells.iter().cloned().chain(["all".to_owned()]));
    for value in values {
        assert_eq!(
            space.read(&format!("spec.results/out/{value}.txt")),
            format!("value: {value}\nsource of {value}\n")
        );
    }
    assert_eq!(space.read("spec.results/all.txt").lines().count(), 2 * values.len());
    assert_eq!(space.plan().verdict("cached"), &set(cells) | &set(["all"]));
    space.run().expect_no_work();
    space.ask(&["explain", "cell/日本"]).expect_code(0).expect_prints("cell/日本: cached");
}

#[test]
fn braces_and_backslashes_reach_the_program_as_written() {
    let space = Space::with_spec(
        r#"
        [stages.x]
        program = "step"
        args    = ["x", "{out.text}", '{{"json": "a\b"}}']
        outputs = { text = "text" }
        "#,
    );
    space.run().expect_ran(["x"]);
    assert_eq!(space.read("spec.results/x/text"), "{\"json\": \"a\\b\"}\n");
}

#[test]
fn two_stages_with_the_same_bytes_share_one_artifact() {
    let space = Space::with_spec(
        r#"
        [stages.same]
        program = "step"
        args    = ["same/{n}", "{out.text}", "same"]
        outputs = { text = "text" }
        matrix  = { n = [1, 2, 3] }
        "#,
    );
    space.run().expect_ran(["same/1", "same/2", "same/3"]);
    assert_eq!(space.digests().len(), 1);
    space.run().expect_no_work();
}

#[test]
fn a_program_sees_only_what_its_stage_declares() {
    let space = Space::with_spec(
        r#"
        [stages.look]
        program = "look"
        args    = ["look", "{out.text}"]
        inputs  = { declared = "declared.txt" }
        outputs = { text = "text" }
        env     = { DECLARED = "yes" }
        "#,
    );
    space.write("declared.txt", "");
    space.write("other.txt", "");
    space.program(
        "look",
        r#"{ find . | sort; echo "DECLARED=$DECLARED SECRET=$SECRET"; } > "$1.tmp"; mv "$1.tmp" "$1""#,
    );
    let output = space.xlt(&["run", "--allow-commands"]).env("SECRET", "seen").output().unwrap();
    assert!(output.status.success());
    let expected = ".\n./in\n./in/declared.txt\n./text.tmp\nDECLARED=yes SECRET=\n";
    assert_eq!(space.read("spec.results/look/text"), expected);
}
