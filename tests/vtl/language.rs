//! The language, construct by construct. Each expectation was reasoned out by hand and holds for the real engine
//! too, but for JSONPath's functions, which the oracle's version of the library does not have.

use crate::case;
use poc::vtl::{ParameterLocation, ParameterUse, RenderErrorKind, Request, Template};
use serde_json::{Value, json};

/// The variables of these tests.
fn run(template: &str) -> Value {
    case::run(&json!({
        "template": template,
        "vars": { "n": 5, "s": "Hello", "t": true, "f": false, "l": ["a", "b"], "m": { "k": "v" } },
        "request": {
            "body": r#"{"a":[1,{"b":"x/y"}],"s":"t"}"#,
            "path": { "id": "7" },
            "querystring": { "q": "1", "id": "2" },
            "header": { "H": "h" },
        },
        "context": { "stage": "prod" },
    }))
}

#[track_caller]
fn renders(template: &str, output: &str) {
    assert_eq!(run(template)["output"], output, "{template}: {}", run(template));
}

#[track_caller]
fn does_not_parse(template: &str, line: usize, column: usize, says: &str) {
    let Err(error) = Template::parse(template) else { panic!("{template} parses") };
    assert_eq!((error.line, error.column), (line, column), "{template}: {error}");
    assert!(error.message.contains(says), "{template}: {error}");
}

#[test]
fn references_in_all_forms() {
    renders("$s ${s}x $!s $!{s}x", "Hello Hellox Hello Hellox");
    renders("[$nope][$!nope][${nope.x}][$nope.x().y]", "[][][][]");
    renders("$m.k $m['k'] $m.get('k') ${m['k']}", "v v v v");
    renders("$l[0]$l[-1] $l.size()", "ab 2");
    renders("$$s $5 $ #$s", "$Hello $5 $ #Hello");
    renders("$s.length().x$s.", "Hello.");
}

#[test]
fn escapes() {
    renders("\\$s \\\\$s \\$nope", "$s \\Hello $nope");
    renders("\\#if \\#foreach \\#nope \\\\#set($x = 1)$x", "#if #foreach \\#nope \\\\1");
    renders("#[[ $s #if ]]#", " $s #if ");
    renders("#literal()$s #end", "$s ");
}

#[test]
fn set_assigns_variables_properties_and_elements() {
    renders("#set($x = 1)#set($m.j = 'w')#set($m['i'] = 2)#set($l[0] = 'z')$x $m $l", "1 {k=v, j=w, i=2} [z, b]");
    renders("#set($x = 'old')#set($x = 1 / 0)$x", "old");
    renders("#set($x = $nope)[$x]", "[]");
    renders("#set($nope.x = 1)#set($s.x = 1)ok", "ok");
}

#[test]
fn conditions_hold_for_references_unless_false() {
    renders("#if($s)1#end#if($nope)2#end#if($f)3#else 4#end#if(!$f)5#end", "12 45");
    renders("#if('x')1#end#if(1)2#end#if(true)3#end#if(1 + 1)4#end", "3");
    renders("#if($f)a#elseif($t && !$f)b#{else}c#end", "b");
    renders("#if($n > 4 and $n <= 5 or $f)y#end", "y");
    renders("#if($n == 5.0)1#end#if($n == '5')2#end#if($l == ['a', 'b'])3#end#if('a' < 'b')4#end", "123");
}

#[test]
fn arithmetic_is_javas() {
    renders("#set($r = 7 / 2)$r#set($r = -7 % 3) $r#set($r = 7 / 2.0) $r", "3 -1 3.5");
    renders("#set($r = 2147483647 + 1)$r#set($r = 9223372036854775807 * 2) $r", "2147483648 18446744073709551614");
    renders("#set($r = 'a' + 1 + $nope)$r#set($r = 1 + 2 + 'a') $r", "a1 3a");
    renders("#set($r = 1 + 2 * 3 - (4 - 1))$r", "4");
}

#[test]
fn loops_know_where_they_are() {
    renders(
        "#foreach($x in $l)$foreach.index$foreach.count$velocityCount$x#if($foreach.hasNext),#end#end",
        "011a,122b",
    );
    renders("#foreach($x in [1..2])#foreach($y in [3..4])$foreach.parent.count$y #end#end", "13 14 23 24 ");
    renders("#foreach($x in $m)$x#end#foreach($e in $m.entrySet())$e.key=$e.value#end", "vk=v");
    renders("#foreach($x in [1..5])#if($x == 3)#break#end$x#end $!x", "12 ");
    renders("#foreach($x in [1..2])#foreach($y in [1..2])#break($foreach.parent)#end never#end.", ".");
    renders("#foreach($x in 5)x#end#foreach($x in $nope)x#end#foreach($x in [])x#end", "");
}

#[test]
fn macros_take_their_arguments_by_name() {
    renders("#macro(m $a $b)<$a|$b>#end#m(1 'x')#m($s, $nope)", "<1|x><Hello|>");
    renders("#m('early')#macro(m $a)[$a]#end", "[early]");
    renders("#macro(m $a)#set($n = $n + 1)$a#end#m(\"$n\")", "6");
    renders("#macro(m)[$bodyContent]#end#@m()$s#end", "[Hello]");
    renders("#nope($s, 'x') #nope", "#nope($s, 'x') #nope");
    assert_eq!(run("#macro(m $a)x#end#m(word)")["error"], "parse");
    assert_eq!(run("#macro(m)#m()#end#m()")["error"], "runtime");
}

#[test]
fn blocks_and_evaluated_text() {
    renders("#define($d)<$x>#end#set($x = 1)$d#set($x = 2)$d", "<1><2>");
    renders("#define($d)a$d#end$d", "aa$d");
    renders("#evaluate('$s#set($x = 9)')$x", "Hello9");
    renders("a#evaluate('b#stop c')d#stop e", "abd");
}

#[test]
fn white_space_around_directives() {
    renders("a\n  #set($x = 1)  \nb", "a\n  b");
    renders("#if($t)\n  x\n#end\ny", "  x\ny");
    renders("#if($t) x #end y", " x  y");
    renders("a ## c\nb#* c *#\nd", "a b\nd");
}

#[test]
fn strings_interpolate_in_double_quotes() {
    renders("#set($x = \"a $s ${n}b $nope.\")$x", "a Hello 5b .");
    renders("#set($x = '$s ''q''')$x#set($x = \"\"\"$s\"\"\") $x", "$s 'q' \"Hello\"");
    renders("#set($x = \"#if($t)y#end#foreach($i in $l)$i#end\")$x", "yab");
}

#[test]
fn values_print_as_java_prints_them() {
    renders("#set($x = {'a': [1, 2.50, true, {}], 'b': \"\"})$x", "{a=[1, 2.5, true, {}], b=}");
    renders("$input.path('$') $input.path('$.a')", "{a=[1,{\"b\":\"x\\/y\"}], s=t} [1,{\"b\":\"x\\/y\"}]");
    renders("$input.json('$.a') $input.json('$.s') $input.json('$.nope')", "[1,{\"b\":\"x/y\"}] \"t\" \"\"");
}

#[test]
fn the_request() {
    renders("$input.params('id') $input.params().querystring.id $input.params('H')$input.params('nope')", "7 2 h");
    renders("$context.stage [$context.identity] $context", "prod [] ");
    renders(
        "$util.urlEncode('a b') $util.base64Decode($util.base64Encode('é')) $util.escapeJavaScript(\"it's\")",
        "a+b é it\\'s",
    );
    renders("$input.path('$.a.length()') $input.path('$.s.length()')", "2 1");
    let empty = Template::parse("$input.body $input.json('$')").map(|t| t.render(&Request::default()));
    assert!(empty.is_ok_and(|rendered| rendered.is_ok_and(|rendered| rendered.output == "{} {}")));
}

#[test]
fn overrides_are_returned_where_they_change() {
    let result = run("#set($context.responseOverride.status = 404)#set($context.responseOverride.header.X = 'y')");
    assert_eq!(result["responseOverride"], json!({ "header": { "X": "y" }, "status": 404 }));
    assert_eq!(result.get("requestOverride"), None);
}

#[test]
fn errors_say_where_and_what_would_be_right() {
    does_not_parse("{\n  #if($t)\n", 2, 10, "#if at 2:3 is never closed: add #end");
    does_not_parse("a #end b", 1, 3, "closes nothing");
    does_not_parse("#set($x = )", 1, 11, "a value is expected");
    does_not_parse("#if($x == null)x#end", 1, 11, "compare with ''");
    does_not_parse("#set($x = {a: 1})", 1, 12, "quotes");
    does_not_parse("${x", 1, 3, "close ${");
    does_not_parse("total $", 1, 8, "lone $");
    does_not_parse("#macro(greet", 1, 12, "add )");
    does_not_parse("$m.get('k'", 1, 10, "arguments of a method");
    does_not_parse("#set($x = \"a #if\")", 1, 17, "( after #if");
}

#[test]
fn templates_that_parse_and_never_render_say_so() {
    let template = Template::parse("#foreach x").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(template.fault().map(|fault| fault.kind), Some(RenderErrorKind::Runtime));
    let errors = template.render(&Request::default()).err();
    assert_eq!(errors.map(|error| error.kind), Some(RenderErrorKind::Runtime));
}

#[test]
fn runtime_errors_have_a_place() {
    let result = run("ok\n$l.get(9)");
    assert_eq!(result["error"], "runtime");
    assert_eq!(result["message"], "2:1: IndexOutOfBoundsException: Index 9 out of bounds for length 2");
}

#[test]
fn parameters_that_the_text_names_are_listed() {
    let text = "$input.params('a')\n#if($input.params().header.B != '')$input.params()['path']['c']#end\n\
                #set($x = \"${input.params('d')}\") $input.params($n) $input.params().get('querystring').get(\"e\")";
    let template = Template::parse(text).unwrap_or_else(|error| panic!("{error}"));
    let found = |name: &str, location, line, column| ParameterUse { name: name.to_owned(), location, line, column };
    assert_eq!(
        template.parameters(),
        [
            found("a", ParameterLocation::Any, 1, 1),
            found("B", ParameterLocation::Header, 2, 5),
            found("c", ParameterLocation::Path, 2, 36),
            found("d", ParameterLocation::Any, 3, 12),
            found("e", ParameterLocation::Query, 3, 53),
        ]
    );
}

#[test]
fn one_parse_serves_many_renders_and_threads() {
    fn shareable<T: Send + Sync>(value: T) -> T {
        value
    }
    let template = shareable(Template::parse("#macro(m $a)<$a>#end#m($x)").unwrap_or_else(|error| panic!("{error}")));
    for n in 0..3 {
        let mut request = Request::default();
        request.variables.insert("x".to_owned(), json!(n));
        let rendered = template.render(&request).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(rendered.output, format!("<{n}>"));
    }
}
