//! What queries mean, and where they are refused.

use super::*;

fn shown(tree: &Tree) -> String {
    let many = |trees: &[Tree], with: &str| {
        let trees: Vec<String> = trees.iter().map(shown).collect();
        format!("({})", trees.join(with))
    };
    match tree {
        Tree::Everything => "all".to_owned(),
        Tree::Not(tree) => format!("-{}", shown(tree)),
        Tree::And(trees) => many(trees, " & "),
        Tree::Or(trees) => many(trees, " | "),
        Tree::Same(typed, others) => format!("{} = {}", many(typed, " & "), others.join(", ")),
        Tree::Leaf { field, value } => {
            let field = field.map(|field| format!("{field}=")).unwrap_or_default();
            let end = |bound: &Bound| match bound {
                Bound::Open => "*".to_owned(),
                Bound::With(text) => text.clone(),
                Bound::Without(text) => format!("!{text}"),
            };
            let value = match value {
                Value::Word(word) => word.clone(),
                Value::Phrase(phrase) => format!("'{phrase}'"),
                Value::Range(from, to) => format!("{}..{}", end(from), end(to)),
                Value::Present => "?".to_owned(),
            };
            format!("{field}{value}")
        }
    }
}

#[test]
fn queries_are_read_as_they_are_meant() {
    for (text, meant) in [
        ("", "all"),
        ("  ", "all"),
        ("*:*", "all"),
        ("tags:economy", "tags=economy"),
        ("tags:空氣品質", "tags=空氣品質"),
        ("tags:\"air quality\"", "tags='air quality'"),
        (r#"tags:"a \"b\"""#, "tags='a \"b\"'"),
        ("a b", "(a & b)"),
        ("a AND b OR c", "((a & b) | c)"),
        ("a OR b c", "(a | (b & c))"),
        ("a && (b || c)", "(a & (b | c))"),
        ("NOT a", "-a"),
        ("!a +b -c", "(-a & b & -c)"),
        (
            "-organization:x -organization:y",
            "(-organization=x & -organization=y)",
        ),
        ("organization:(a OR b)", "(organization=a | organization=b)"),
        ("tags:(\"a b\" c)", "(tags='a b' & tags=c)"),
        ("license_id:*", "license_id=?"),
        (
            "metadata_modified:[2026-11-21T10:00:00.123456Z TO *]",
            "metadata_modified=2026-11-21T10:00:00.123456Z..*",
        ),
        (
            "metadata_modified:{NOW-1DAY TO NOW]",
            "metadata_modified=!NOW-1DAY..NOW",
        ),
        ("name:[a TO \"b c\"}", "name=a..!b c"),
        ("ORACLE ANDROID NOTE", "(ORACLE & ANDROID & NOTE)"),
        (r"title:a\:b", "title=a:b"),
        (r"name:x\*", "name=x*"),
        ("+site:x", "!"),
    ] {
        match parse(text) {
            Ok(tree) => assert_eq!(shown(&tree), meant, "{text}"),
            Err(_) => assert_eq!(meant, "!", "{text}"),
        }
    }
}

#[test]
fn what_is_not_understood_is_refused_where_it_stands() {
    for (text, at, why) in [
        ("titel:x", 1, "there is no field"),
        ("a OR titel:x", 6, "there is no field"),
        ("水 titel:x", 3, "there is no field"),
        ("wat*", 1, "* and ?"),
        ("***", 1, "* and ?"),
        ("!!!", 4, "is expected here"),
        ("tags:w?t", 6, "* and ?"),
        ("tags:water~2", 11, "~"),
        ("title:water^4", 12, "^"),
        ("title:\"a b\"~3", 12, "~"),
        ("/reg.*/", 1, "regular"),
        ("name:/reg/", 6, "regular"),
        ("(a OR b", 1, "not closed"),
        ("a) b", 2, "closes nothing"),
        ("a OR", 5, "is expected here"),
        ("AND a", 1, "AND needs"),
        ("tags:\"a b", 6, "not closed"),
        ("tags: x", 6, "right after the colon"),
        ("tags:", 6, "right after the colon"),
        ("metadata_modified:[2026 *]", 25, "TO is expected"),
        ("metadata_modified:[2026 TO *", 29, "ends with"),
        ("metadata_modified:[TO *]", 23, "TO is expected"),
        ("title:[a TO b]", 7, "a range needs"),
        ("[a TO b]", 1, "a range needs"),
        (
            "metadata_modified:2026-11-21T10:00:00Z",
            32,
            "a colon within",
        ),
        ("{!lucene}x", 1, "a range needs"),
        ("uri:http://e.example/", 9, "a colon within"),
        ("tags:(a title:b)", 9, "within the values"),
    ] {
        let refused = parse(text).expect_err(text);
        assert!(refused.why.contains(why), "{text}: {refused}");
        assert_eq!(refused.at, at, "{text}: {refused}");
    }
}

#[test]
fn nesting_has_an_end() {
    for open in ["(", "-", "+", "NOT "] {
        let text = format!("{}a", open.repeat(100_000));
        let refused = parse(&text).unwrap_err();
        assert!(
            refused.why.contains("within each other"),
            "{open}: {refused}"
        );
    }
}

#[test]
fn what_people_type_is_read_kindly() {
    for (text, meant) in [
        ("iron purity", "(iron & purity)"),
        ("\"air quality\" -sea", "('air quality' & -sea)"),
        ("空氣　品管", "((空氣) = air & 品管)"),
        ("x (b", "(x & (b)"),
        ("wat* [x] \"open", "(wat* & [x] & 'open')"),
        ("owl & wader - seen, ...", "(owl & wader & seen,)"),
        ("\"a\"\"b\"", "('a' & 'b')"),
    ] {
        assert_eq!(shown(&words(text).unwrap()), meant, "{text}");
    }
    for text in ["!!!", "***", "…", "\"--\" -?", "-"] {
        let refused = words(text).unwrap_err();
        assert!(refused.why.contains("no word"), "{text}: {refused}");
    }
}

#[test]
fn what_is_typed_in_one_language_is_looked_for_in_the_other() {
    for (text, meant) in [
        ("air quality", "((air & quality) = 空氣品質)"),
        ("Zip-Codes", "((Zip-Codes) = 郵遞區號)"),
        (
            "Taipei traffic  accidents 2025",
            "((Taipei) = 臺北 & (traffic & accidents) = 交通事故 & 2025)",
        ),
        ("台北", "((台北) = taipei)"),
        ("空氣品質", "((空氣品質) = air quality)"),
        ("空氣品質監測", "(空氣品質監測)"),
        ("\"air quality\" -bus", "('air quality' & -bus)"),
        ("air -quality", "((air) = 空氣 & -quality)"),
        ("causes of death", "((causes & death) = 死因, 死亡)"),
        ("The Mayors of Keelung", "(Mayors & (Keelung) = 基隆)"),
        ("the -of", "(the & -of)"),
        ("to the", "(to & the)"),
    ] {
        assert_eq!(shown(&words(text).unwrap()), meant, "{text}");
    }
    let besides = words("taipei bus").unwrap().besides();
    assert_eq!(besides, ["臺北", "公車", "客運"]);
    assert!(words("\"taipei\" -bus").unwrap().besides().is_empty());
    // A query of the grammar means what it says.
    assert_eq!(shown(&parse("air quality").unwrap()), "(air & quality)");
}
