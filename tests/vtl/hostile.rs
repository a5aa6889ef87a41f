//! Templates that ask for too much, or make no sense at all: they fail, and nothing panics. That they fail soon shows
//! in that these tests end.

use crate::faults::agrees;
use crate::generate;
use poc::vtl::{RenderError, RenderErrorKind, Request, Template};

fn render(template: &str) -> Result<String, RenderError> {
    let template = Template::parse(template).unwrap_or_else(|error| panic!("{error}"));
    template.render(&Request::default()).map(|rendered| rendered.output)
}

/// Renders a template that must run into a limit.
fn limited(template: &str) {
    let kind = render(template).map(|output| output.len()).map_err(|error| error.kind);
    assert_eq!(kind, Err(RenderErrorKind::Limit), "{}", &template[..template.len().min(100)]);
}

/// Wraps `inside` in loops of 1000 rounds.
fn loops(depth: usize, inside: &str) -> String {
    let open: String = (0..depth).map(|i| format!("#foreach($i{i} in [1..1000])")).collect();
    open + inside + &"#{end}".repeat(depth)
}

#[test]
fn loops_in_loops_run_out_of_steps() {
    limited(&loops(3, "#set($x = $i0 + 1)"));
}

#[test]
fn doubling_text_is_cut_short() {
    limited(&format!("#set($x = 'xxxxxxxxxx'){}", loops(1, "#set($x = \"$x$x\")")));
    limited(&format!("#set($x = 'xxxxxxxxxx'){}", loops(1, "#set($x = $x + $x)")));
    limited(&format!("#set($x = 'xxxxxxxxxx'){}", loops(1, "#set($x = $x.replaceAll('x', 'xx'))")));
    limited("$x.repeat(3)#set($x = 'x')$x.repeat(2147483647)");
}

#[test]
fn copies_of_one_text_are_counted() {
    let big = format!("#set($x = 'xxxxxxxxxx'){}", "#set($x = \"$x$x\")".repeat(17));
    limited(&format!("{big}#set($l = []){}", loops(2, "#set($y = \"$x!\")#set($ok = $l.add($y))")));
}

#[test]
fn big_ranges_and_numbers_are_refused() {
    limited("#set($x = [1..2000000000])");
    limited(&format!("#set($x = 9223372036854775807){}", loops(1, "#set($x = $x * $x)")));
    limited(&format!("#set($l = [1]){}", loops(2, "#set($ok = $l.addAll($l))")));
}

#[test]
fn recursion_ends() {
    assert!(render("#macro(a)#a()#end#a()").is_err());
    assert!(render("#set($t = '#evaluate($t)')#evaluate($t)").is_err());
    assert!(render("#macro(a $x)#b(\"$x$x\")#end#macro(b $x)#a(\"$x$x\")#end#a('x')").is_err());
    assert_eq!(render("#define($d)<$d>#end$d").ok().as_deref(), Some("<<$d>>"));
}

#[test]
fn values_inside_themselves_and_deep_values_do_not_overflow_the_stack() {
    assert_eq!(render("#set($l = [])#set($ok = $l.add($l))$l").ok().as_deref(), Some("[(this Collection)]"));
    assert!(render("#set($l = [])#set($k = [$l])#set($ok = $l.add($k))$l").is_err());
    assert!(render("#set($l = [])#set($ok = $l.add($l))$l.hashCode() $l.equals([$l])").is_ok());
    let deep = format!("#set($l = []){}", loops(2, "#set($l = [$l])").replace("1000", "400"));
    assert!(render(&format!("{deep}done")).is_ok_and(|output| output == "done"));
    assert!(render(&format!("{deep}$l")).is_err());
    assert!(
        render(&format!("{deep}#set($m = {{}})#set($ok = $m.put($l, 1))$m.size() $l.equals([$l]) $l.hashCode()"))
            .is_ok()
    );
    let json = format!("$util.parseJson('{}')", "[".repeat(100_000));
    assert!(render(&json).is_err());
}

#[test]
fn values_that_share_their_parts_are_not_unfolded_for_ever() {
    let doubled = format!("#set($l = [1, 2])#set($k = [1, 2]){}", loops(1, "#set($l = [$l, $l])#set($k = [$k, $k])"));
    limited(&format!("{doubled}$l"));
    limited(&format!("{doubled}{}", loops(2, "#if($l == $k)x#end")));
    limited(&format!("{doubled}{}", loops(2, "$l.hashCode()")));
    limited(&format!("{doubled}#set($m = {{}}){}", loops(2, "#set($ok = $m.put($l, 1))")));
}

#[test]
fn catastrophic_expressions_give_up() {
    let text = "a".repeat(3000);
    limited(&format!("#set($x = '{text}')$x.matches('(a|aa)*\\1b')"));
    assert!(render(&format!("#set($x = '{text}')$x.matches('(a+)+b')")).is_ok());
    limited(&loops(2, "#set($x = 'aaaa')$x.matches(\"a{$i0}{$i1}\")"));
}

#[test]
fn hostile_nesting_is_a_parse_error() {
    for (open, middle, close) in [
        ("#if(true)", "x", "#end"),
        ("#set($x = ", "1", ")"),
        ("(", "1", ")"),
        ("[", "1", "]"),
        ("{'a':", "1", "}"),
        ("!", "true", ""),
        ("$a.b(", "1", ")"),
        ("$a[", "1", "]"),
        ("#foreach($x in [1])", "x", "#end"),
        ("#@m()", "x", "#end"),
        ("\"#set($x = ", "1", ")\""),
        ("1 + ", "1", ""),
        ("1 == 1 && ", "true", ""),
        ("1 * (", "1", ")"),
    ] {
        for depth in [50, 5000] {
            let inside = format!("{}{middle}{}", open.repeat(depth), close.repeat(depth));
            for template in [inside.clone(), format!("#set($x = {inside})"), format!("#if({inside})x#end")] {
                agrees(&template);
                if let Ok(template) = Template::parse(&template) {
                    let _ = template.render(&Request::default());
                }
            }
        }
    }
}

#[test]
fn long_templates_parse() {
    for piece in [
        "\\",
        "\\\\#",
        "$",
        "#",
        "$a ",
        "\"",
        "'",
        "##\n",
        "#* *#",
        "#if(1)",
        "$a.b",
        "[",
        "{",
        "$a.b(",
        "#set($x=1)",
        " ",
        "#a(",
        "$!",
        "1+",
        "\\$",
        "#[[",
        "''",
        "(((",
        "\"\"\"",
    ] {
        for wrap in ["", "#set($x = ", "#if(", "#foreach($x in "] {
            let template = format!("{wrap}{}", piece.repeat(300_000 / piece.len() - 10));
            agrees(&template);
            if let Ok(template) = Template::parse(&template) {
                let _ = template.render(&Request::default());
            }
        }
    }
    assert!(Template::parse(&"x".repeat(300 * 1024 + 1)).is_err());
}

#[test]
fn no_seed_makes_it_panic() {
    for seed in 1_000_000..1_003_000 {
        let case = generate::case(seed);
        agrees(case["template"].as_str().unwrap_or_default());
        if let Ok(template) = Template::parse(case["template"].as_str().unwrap_or_default()) {
            let _ = template
                .render(&Request { body: case["request"]["body"].as_str().map(str::to_owned), ..Request::default() });
            let _ = template.parameters();
        }
    }
}

#[test]
fn no_bytes_make_it_panic() {
    let mut random = generate::Seeded::new(7);
    const ALPHABET: &[u8] = b"$$$##{}()[]!.\\\"'*@_-+=<>&|%,: \t\n\r01ax\xc3\xa9\xf0\x9f";
    for round in 0..20_000 {
        let length = random.below(if round % 100 == 0 { 400 } else { 24 });
        let bytes: Vec<u8> = (0..length)
            .map(
                |_| if random.below(8) == 0 { random.below(256) as u8 } else { ALPHABET[random.below(ALPHABET.len())] },
            )
            .collect();
        let text = String::from_utf8_lossy(&bytes);
        agrees(&text);
        if let Ok(template) = Template::parse(&text) {
            let _ = template.render(&Request { body: Some(text.into_owned()), ..Request::default() });
        }
    }
}

/// The deepest renders there are, on a stack of the usual size.
#[test]
fn deep_renders_fit_the_stack() {
    let nested =
        |open: &str, depth: usize, middle: &str| format!("{}{middle}{}", open.repeat(depth), "#end".repeat(depth));
    let parens = format!("#set($y = {}1{})", "(".repeat(90), ")".repeat(90));
    let lists = format!("#set($y = {}1{})", "[".repeat(90), "]".repeat(90));
    let methods = format!("$a{}{}", ".b([".repeat(40), "])".repeat(40));
    let mut bodies = vec![parens, lists, methods, nested("#if(true)", 90, "x")];
    bodies.push(nested("#foreach($i in [1])", 90, "x"));
    let mut templates = Vec::new();
    for body in &bodies {
        for open in ["#foreach($j in [1])", "#if(true)", "#define($d)", "#@n()"] {
            let calls = nested(open, 80, "#m()$!d");
            templates
                .push(format!("#macro(n)$bodyContent#end#macro(m){calls}#end#set($t = '{body}')#evaluate($t)#m()"));
            templates.push(format!(
                "#set($t = '{body}')#macro(n)$bodyContent#end#macro(m)#evaluate($t){}#end#m()",
                nested(open, 29, "#evaluate($t)#m()")
            ));
        }
        templates.push(format!("#set($t = '{}')#evaluate($t)", nested("#if(true)", 15, "#evaluate($t)")));
    }
    let work = move || {
        for template in templates {
            if let Ok(template) = Template::parse(&template) {
                let _ = template.render(&Request::default());
            }
        }
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(work);
    assert!(thread.is_ok_and(|thread| thread.join().is_ok()));
}

/// Renders for a body; what comes of it is of no matter but that something does.
fn with_body(template: &str, body: String) -> Result<String, RenderError> {
    let template = Template::parse(template).unwrap_or_else(|error| panic!("{error}"));
    let request = Request { body: Some(body), ..Request::default() };
    template.render(&request).map(|rendered| rendered.output)
}

#[test]
fn deep_and_odd_bodies_are_bounded() {
    let deep = |open: &str, close: &str| open.repeat(10_000) + "1" + &close.repeat(10_000);
    for body in [deep("[", "]"), deep("{\"a\":", "}"), deep("[", ""), deep("{\"a\":[", "]}"), "[".repeat(1_000_000)] {
        for template in [
            "$input.json('$')",
            "$input.path('$')",
            "$input.body.length()",
            "$input.json('$..a')",
            "$input.path('$..*').size()",
            "$util.parseJson($input.body)",
            "$input.json('$..[?(@.a)]')",
        ] {
            let _ = with_body(template, body.clone());
        }
    }
    // as deep as it may be, and read in every way
    for depth in [100, 150, 199] {
        let body = "[".repeat(depth) + &"]".repeat(depth);
        for template in
            ["$input.json('$')", "$input.path('$')", "$input.path('$..*').size()", "$input.path('$').hashCode()"]
        {
            let _ = with_body(template, body.clone());
        }
    }
    let wide = format!("[{}]", vec!["{\"a\":[1,2,3]}"; 20_000].join(","));
    assert!(with_body("$input.path('$').size()", wide.clone()).is_ok_and(|size| size == "20000"));
    for path in
        ["$..*", "$..a", "$[*].a[*]", "$..[?(@.a)]", "$..*..*..*", "$..[0]..[0]", "$[?(@.a[0] == 1 || @.a[1] == 2)]"]
    {
        let _ = with_body(&format!("$input.json('{path}').length()"), wide.clone());
    }
    let _ = with_body("$input.json('$')", format!("{{\"a\":1e{}}}", "9".repeat(100_000)));
    let _ = with_body("$input.json('$')", "9".repeat(1_000_000));
    let _ = with_body("$input.path('$') $input.json('$')", format!("0.{}", "9".repeat(1_000_000)));
}

#[test]
fn deep_and_long_paths_are_bounded() {
    for step in [
        ".a",
        "[0]",
        "..a",
        "..",
        "[?(@.a)]",
        "[?(@[?(@.a)])]",
        "['a']",
        "[*]",
        "[?((((",
        "[",
        "]",
        "(",
        "[?(@.a && ",
        "[0,",
        "[?(!(",
    ] {
        for count in [20, 200, 20_000] {
            let path = format!("${}", step.repeat(count)).replace('\'', "''");
            let _ = with_body(&format!("$input.path('{path}')"), "{\"a\":{\"a\":[[[1]]]}}".to_owned());
        }
    }
}

#[test]
fn big_numbers_are_bounded() {
    let digits = "9".repeat(200_000);
    for template in [
        format!("#set($x = {digits})$x"),
        format!("#set($x = '{digits}')#set($i = 0)$i.parseInt($x)"),
        format!("#set($x = {digits} * {digits})$x"),
        format!("#set($x = 9999999999999999999){}$x", "#set($x = $x * $x)".repeat(40)),
        format!("#set($x = 9999999999999999999){}", loops(2, "#set($x = $x + $x)$x")),
        format!("#set($x = 9999999999999999999){}", loops(2, "#set($y = $x.toString())#set($x = $x * 10)")),
        "#set($s = '')$s.format('%9999999d', 1)".to_owned(),
        "#set($s = '')$s.format('%.2147483647f', 1.5)".to_owned(),
        format!("#set($s = ''){}", loops(2, "$s.format('%099999d', 1)")),
        "#set($x = 1e999999999)$x".to_owned(),
        format!("#set($x = 1.{digits})$x"),
    ] {
        if let Ok(template) = Template::parse(&template) {
            let _ = template.render(&Request::default());
        }
    }
}

#[test]
fn regular_expressions_in_loops_are_bounded() {
    let text = "a".repeat(40);
    for call in [
        "$x.matches('(.*)(.*)(.*)(.*)(.*)\\5b')",
        "$x.replaceAll('(a|aa)+\\1b', 'x')",
        "$x.split('(?=(a*)*b)').size()",
        "$x.replaceAll('(?<=(a|aa){1,10})b', '')",
        "$x.matches('(?:(?=(a*))a)*b')",
        "$x.replaceAll('a*$', '')",
        "$x.replaceAll('', '-')",
        "$x.replaceAll(\"a{0,$i0}b\", '')",
        "$x.matches(\"(?i)[a-z]{$i1}\")",
    ] {
        let _ = render(&format!("#set($x = '{text}'){}", loops(2, call)));
    }
    let long = "a".repeat(200_000);
    for pattern in
        ["a*$", "(a+)+$", "(?=a*b)", "(a*)*b", "^(?!b)(a|aa)*$", "\\s+$", "(a*?)*?b", "a{1,100}a{1,100}a{1,100}b"]
    {
        let _ = with_body(&format!("$input.body.replaceAll('{pattern}', '').length()"), long.clone());
        let _ = with_body(&format!("$input.body.matches('{pattern}')"), long.clone());
        let _ = with_body(&format!("$input.body.split('{pattern}').size()"), long.clone());
    }
}

#[test]
fn recursion_in_every_form_ends() {
    for template in [
        "#macro(a $x)#a($x)#end#a(1)",
        "#macro(a)#@a()$bodyContent#end#end#@a()x#end",
        "#macro(a $x)$x$x#end#a(\"#a('$x')\")",
        "#define($d)$d$d#end$d$d",
        "#define($d)$e#end#define($e)$d#end$d",
        "#define($d)#evaluate('$d')#end$d",
        "#set($t = '#evaluate($t)#evaluate($t)')#evaluate($t)",
        "#set($t = '#macro(q)#evaluate($t)#end#q()')#evaluate($t)",
        "#set($t = '#foreach($i in [1..1000])#evaluate($t)#end')#evaluate($t)",
        "#macro(a)#foreach($i in [1..1000])#a()#end#end#a()",
        "#macro(a)#b()#b()#end#macro(b)#a()#a()#end#a()",
        "#set($l = [])#foreach($i in [1..1000])#set($l = [$l, $l])#end#foreach($a in $l)#foreach($b in $a)$b#end#end",
        "#set($m = {})#foreach($i in [1..1000])#set($ok = $m.put($m.size(), $m.clone()))#end$m",
        "#set($l = [1])#foreach($x in $l)#set($ok = $l.add($x))#end",
        "#foreach($x in [1..1000])#foreach($y in [1..1000])#set($z = \"$x$y$z\")#end#end",
    ] {
        let _ = render(template);
    }
}

/// What the gateway's threads have, which is also what they have in a debug build.
#[test]
fn two_megabytes_of_stack_are_enough() {
    let work = || {
        recursion_in_every_form_ends();
        deep_and_odd_bodies_are_bounded();
        deep_and_long_paths_are_bounded();
        hostile_nesting_is_a_parse_error();
        deep_renders_fit_the_stack();
    };
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(work);
    assert!(thread.is_ok_and(|thread| thread.join().is_ok()));
}
