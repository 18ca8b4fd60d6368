use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn what_is_shown_reads_back_as_the_same(text in random::expression(false)) {
        let Some(expression) = random::checked(&text) else { return Ok(()) };
        let shown = expression.to_string();
        prop_assume!(!shown.contains('…'));
        let again = random::checked(&shown);
        prop_assert!(again.as_ref() == Some(&expression), "{text} is shown as {shown}, which is {again:?}");
    }
}

#[test]
fn brackets_stand_where_they_are_needed() {
    let scope = scope(&[("a", "1"), ("b", "1"), ("c", "1")]);
    for (text, shown) in [
        ("(a + b)*c", "(a + b)*c"),
        ("a + (b*c)", "a + b*c"),
        ("a - (b - c)", "a - (b - c)"),
        ("a/(b*c)", "a/(b*c)"),
        ("(a^b)^c", "(a^b)^c"),
        ("a^(b^c)", "a^b^c"),
        ("(-a)^2", "(-a)^2"),
        ("-(a^2)", "-a^2"),
        ("2*(if a < b then 1 else c)", "2*(if a < b then 1 else c)"),
        (
            "if a < b and not (b < c or a == b) then 1 else 2",
            "if a < b and not (b < c or a == b) then 1 else 2",
        ),
        ("a*(-0.5)", "a*(-0.5)"),
        ("1e-9*a", "1e-9*a"),
        ("max(a, b, c)", "max(max(a, b), c)"),
    ] {
        assert_eq!(check(text, &scope).to_string(), shown, "{text}");
    }
}
