//! More made-up templates: what people write for API Gateway, taken apart, put together and spoilt; the methods of
//! every kind of value; and requests of every kind.

use crate::generate::Seeded;
use serde_json::{Value, json};

/// A case: a template and the request it is rendered for.
pub fn case(seed: u64) -> Value {
    let mut random = Seeded::new(seed ^ 0x5eed);
    let template = match random.below(10) {
        0..=2 => idioms(&mut random),
        3 | 4 => spoilt(&mut random),
        5 | 6 => calls(&mut random),
        7 => paths(&mut random),
        8 => gobbling(&mut random),
        _ => macros(&mut random),
    };
    let body = if random.chance(70) { Some(BODIES[0]) } else { Some(random.pick(BODIES)).filter(|body| *body != "-") };
    json!({
        "name": format!("wide-{seed}"),
        "template": template,
        "request": {
            "body": body,
            "path": {"id": "7", "proxy": "a/b"},
            "querystring": {"q": "hello world", "id": "2", "empty": ""},
            "header": {"Accept": "*/*", "X-A": "it's", "Content-Type": "application/json"},
        },
        "context": {
            "stage": "prod", "httpMethod": "POST", "requestId": "c6af9ac6-7b61", "resourcePath": "/pets/{id}",
            "identity": {"sourceIp": "1.2.3.4", "userAgent": "curl/8", "apiKey": ""},
            "authorizer": {"principalId": "me", "claims": {"sub": "s-1"}, "number": 5},
            "error": {"message": "no", "messageString": "\"no\""},
        },
        "stageVariables": {"v1": "sv", "v-2": "w", "url": "https://x.example/?a=b&c"},
        "vars": {
            "i": 3, "j": -2, "long": 3_000_000_000u64, "max": 2147483647, "lmax": 9223372036854775807u64, "d": 2.5, "z": 0,
            "t": true, "f": false, "s": "Hello, World", "e": "", "u": "é😀z", "n": "42", "q": "it's \"q\" \\ /",
            "l": [1, "two", 3.0, null, ["in", {"k": 1}]], "names": ["x", "yy", "z"], "none": [], "empty": {},
            "m": {"k": "v", "n": {"x": "deep", "y": [1, 2]}, "size": 9, "empty": "E", "0": "zero", "a b": 1}, "null": null,
            "rows": [{"id": 1, "name": "a", "on": true}, {"id": 2, "name": null, "on": false}, {"id": 3, "tags": ["p", "q"]}],
        },
    })
}

const BODIES: &[&str] = &[
    r#"{"a":[1,2.5,"x/y",null,true,{"b":"c"}],"m":{"k":"v","n":{"z":[3,1,2]},"e":""},"s":"it's \"q\"","n":12345678901,"hp":1.2345678901234567891,"t":[{"p":1,"c":"x"},{"p":5,"c":"y","q":{"r":[1,{"s":2}]}},{"c":"z"}],"a.b":1,"sp ace":2,"nul":null,"o":{}}"#,
    "",
    "-",
    "{}",
    "[]",
    "[1,[2,[3]],{\"a\":{\"a\":{\"a\":1}}}]",
    "\"text\"",
    "12",
    "null",
    "true",
    "not json",
    "a=1&b=two%20words&c=%C3%A9+x",
    "{\"a\":1,}",
    "{'a':'b'}",
    "{\"a\":{\"b\":{\"c\":[[1,2],[3,4]]}},\"k\":\"\\u00e9\\u2028\\n\\t/</script>\"}",
    "{\"dup\":1,\"dup\":2}",
    "  {\"a\" : 1 }  ",
    "{\"big\":123456789012345678901234567890,\"e\":1e400,\"neg\":-0.0,\"f\":1.0}",
];

/// What people write.
const IDIOMS: &[&str] = &[
    "#set($inputRoot = $input.path('$'))\n{\n  \"k\": \"$inputRoot.s\"\n}",
    "$input.json('$')",
    "$input.json('$.m')",
    "$input.body",
    "{\"body\": $input.json('$'), \"stage\": \"$context.stage\"}",
    "#set($allParams = $input.params())\n{\n#foreach($type in $allParams.keySet())\n    #set($params = $allParams.get($type))\n\"$type\" : {\n    #foreach($paramName in $params.keySet())\n    \"$paramName\" : \"$util.escapeJavaScript($params.get($paramName))\"\n        #if($foreach.hasNext),#end\n    #end\n}\n    #if($foreach.hasNext),#end\n#end\n}",
    "#foreach($header in $input.params().header.keySet())\n\"$header\": \"$util.escapeJavaScript($input.params().header.get($header))\"#if($foreach.hasNext),#end\n#end",
    "#set($context.responseOverride.status = 404)",
    "#set($context.responseOverride.header.X-Y = \"$i\")",
    "#set($context.requestOverride.path.id = $input.params('id'))",
    "#set($context.requestOverride.querystring[\"q\"] = 'x')#set($context.requestOverride.header['a-b'] = $i)",
    "#set($ok = $context.responseOverride.header.put('k', ['a', 1]))",
    "#set($context.responseOverride = {'status': 5})$context.responseOverride.status",
    "#if($input.params('q') != '')has#{else}none#end",
    "#if($input.params('nope') && $input.params('nope') != \"\")yes#elseif($i == 3)three#{else}no#end",
    "#if($util.parseJson($input.body).a.size() > 2)many#end",
    "#foreach($x in $input.path('$.t'))\n{\"p\": $!x.p, \"c\": \"$x.c\"}#if($foreach.hasNext),#end\n#end\n",
    "#foreach($e in $m.entrySet())$e.key=$e.value;$e.getKey()/$e.getValue() #end",
    "#foreach($k in $m.keySet())$k:$m.get($k):$m[$k] #end",
    "#foreach($x in [1..$i])$x#if($velocityHasNext)-#end$velocityCount#end",
    "#foreach($x in [$i..$j])$foreach.index/$foreach.count/$foreach.first/$foreach.last/$foreach.hasNext #end",
    "#foreach($a in $names)#foreach($b in [1,2])$foreach.parent.index$foreach.parent.count$foreach.index#if($foreach.parent.hasNext);#end#end#end",
    "#foreach($a in $names)#foreach($b in [1..3])#if($b == 2)#break($foreach.parent)#end$a$b#end|#end",
    "#foreach($a in $names)#if($foreach.index == 1)#break#end$a#else none#end",
    "#foreach($x in $none)never#end#foreach($x in $empty)never#end$!x",
    "#foreach($x in $s)never#end#foreach($x in $i)never#end#foreach($x in $null)never#end",
    "#foreach($x in $rows)#set($x.on = 'set')$x.on$x.name$!x.name#if($x.tags)t$x.tags.size()#end#end$rows",
    "#set($map = {})#set($ok = $map.put('b', 2))#set($ok = $map.put('a', $map.size()))$map $map.keySet() $map.values() $map.entrySet()",
    "#set($list = [])#foreach($x in $names)#set($ok = $list.add(\"<$x>\"))#end$list $list.size() $list.isEmpty() $list.contains('<x>') $list.indexOf('<z>')",
    "#set($list = [1, 2, 3])$list.remove(0)$list.remove(5)$list $list.set(0, 'n') $list.subList(0, 1) $list.equals(['n', 3])",
    "#set($int = 0)$int.parseInt('12') #set($n2 = $int.parseInt($n))#set($n2 = $n2 + 1)$n2 $int.valueOf('7') $int.MAX_VALUE",
    "#set($str = '')$str.valueOf($i)$str.format('%05d|%-5s|%.2f|%x', $i, 'a', $d, 255) $str.join('-', $names)",
    "$util.base64Encode($input.body) $util.base64Decode($util.base64Encode($u)) $util.urlEncode($q) $util.urlDecode('a%20b+c')",
    "$util.escapeJavaScript($q).replaceAll(\"\\\\'\", \"'\")",
    "#define($block)[$i$!x]#end#set($x = 1)$block#set($x = 2)$block",
    "#macro(pair $k $v)\"$k\": \"$v\"#end{#pair('a' 1), #pair('b' $s)}",
    "#macro(rec $n)$n#if($n > 0)#set($m1 = $n - 1)#rec($m1)#end#end#rec(3)",
    "#macro(wrap)<$!bodyContent>#end#@wrap()in$i#end",
    "#evaluate('$i#set($ev = 5)')$ev#evaluate(\"#if($t)x#end\")",
    "#set($dollar = '$')${dollar}i $dollar$i #set($hash = '#')${hash}if",
    "$5.00 costs $i.50 or $i.x and $i. end $i.. $i.- ${i}.x $!{i}x $ i $! $!{ $!i! $i! ${i $ {i}",
    "\\$i \\\\$i \\\\\\$i \\$nope \\\\$nope \\$!i \\$!{i} \\${i} $\\i $\\!i $!\\i \\#set($x=1) \\\\#set($x=1) \\#nope \\#end",
    "email@x.com $i@x $i-1 $i_1 $i-$j $i/$j $i:$j [$i] {$i} ($i) \"$i\" '$i' <$i> $i%",
    "## comment $i\n#* block\n $i *##** doc *#$i#[[raw $i #set($x = 1)]]#$i##",
    "#set($x = \"a$i\")#set($y = 'a$i')#set($z2 = \"#if($t)y#end$nope${nope}$!nope\")$x$y$z2",
    "#set($x = \"say \"\"hi\"\"\")#set($y = 'it''s')$x$y",
    "#set($x = $i + 1)#set($x = $x * 2)#set($x = $x / 3)#set($x = $x % 2)$x $x.class",
    "#set($x = $max + 1)$x #set($x = $lmax + 1)$x #set($x = $max * $max)$x #set($x = $lmax * $lmax)$x #set($x = -7 / 2)$x #set($x = -7 % 3)$x",
    "#set($x = 1 / 0)$!x #set($x = 1 % 0)$!x #set($x = 1.0 / 0)$!x #set($x = $nope + 1)$!x",
    "#set($x = 'a' + 1)$x #set($x = 1 + 'a')$x #set($x = $d + 1)$x #set($x = $nope + 'a')$x #set($x = 'a' + $l)$x",
    "#if($i == '3')eq#{else}ne#end#if($i == 3.0)eq#{else}ne#end#if($n == 42)eq#{else}ne#end#if('a' == \"a\")eq#end#if($null == $nope)eq#end",
    "#if($t && !$f || $nope)1#end#if($nope)2#end#if(!$nope)3#end#if($e)4#end#if($z)5#end#if($none)6#end#if($null)7#end",
    "#if($i > 2 && $i < 4)in#end#if($i >= 3 and $i le 3)in#end#if(not $f)n#end#if($s > 'A')gt#end",
    "$m.k $m['k'] $m[\"k\"] $m.get('k') $m.n.x $m.n['x'] $m['n'].x $m.n.y[1] $m.nope $!m.nope $m['a b'] $m.0 $m[0]",
    "$l[0] $l[1] $l[-1] $l[4][0] $l.get(1) $l.size() $l.4 $l[4][1].k $l.get(4).get(0)",
    "$l[9]",
    "$l.get(9)",
    "#set($l[0] = 'new')#set($l[1] = $nope)$l #set($m['new'] = 1)#set($m.newer = [])$m",
    "$s.length() $s.substring(1) $s.substring(1,3) $s.toUpperCase() $s.replace('l','L') $s.split(', ')[1] $s.indexOf('o') $s.charAt(0)",
    "$s.substring(99)",
    "$context.identity.sourceIp $context.authorizer.claims.sub $context.authorizer.claims $context.identity $context.error.messageString",
    "#foreach($k in $context.identity.keySet())$k #end#foreach($k in $context.keySet())$k #end",
    "$stageVariables.v1 $stageVariables['v-2'] $stageVariables.get('url') $stageVariables $!stageVariables.nope",
    "#stop after",
    "#if($t)#stop#end after",
    "#parse('x')",
    "#include('x')",
    "#set($x = {'a': {'b': [1, {'c': 'd'}]}, \"e\": $i, 'f': \"$s\"})$x.a.b[1].c $x $x.a.b",
    "#set($x = [1, 'a', $i, [2..4], {'k': 'v'}, true, 2.5, \"$s\"])$x",
    "#set( $x = true )#set($y = false)#set($w = !$x)$x$y$w #set($w = $x && $y)$w #set($w = ($i > 1))$w",
    "#set($Integer = 0)#set($x = $Integer.parseInt(\"12x\"))$x",
    "#set($body = $util.parseJson('{\"a\":[1,2,{\"b\":null}],\"c\":\"d\"}'))$body $body.a[2] $body.a[2].b $body.c",
    "#literal()$i #if(x)#end#end",
    "#{if}($t)x#{end} #{set}($y = 1)$y #{foreach}($x in $names)$x#{end}",
    "#@set($x = 1) #@if($t)x#end",
    "#if ($t) x #elseif ($f) y #else z #end",
    "#if\t($t)x#end #set ($x = 1)$x #foreach ( $x in $names ) $x #end",
    "#set($x\n=\n1)$x#set( $x = [ 1 , 2 ] )$x",
];

/// Pieces, to spoil a template with.
const PIECES: &[&str] = &[
    "$", "!", "{", "}", "(", ")", "[", "]", "#", "\\", "\"", "'", ".", ",", " ", "\n", "\t", "=", "==", "-", "..", "*#", "#*",
    "##", "#[[", "]]#", "#end", "#else", "#if", "#if($t)", "#set", "#set(", "#foreach", "#break", "#stop", "#macro", "#define",
    "#{", "$i", "$nope", "${", "$!", "$!{", "1", "0", "-1", "a", "&&", "||", "<", ">", "|", "&", "%", "+", "/", "*", ":", ";", "@",
    "_", "é", "\r\n", "\r", "true", "null", "in", "and", "not", "\\\\", "\"\"", "''", "#elseif", "#elseif($t)", "$$", "#$", "$#", "#1",
];

fn idioms(random: &mut Seeded) -> String {
    let count = 1 + random.below(3);
    (0..count).map(|_| random.pick(IDIOMS).to_owned() + random.pick(&["", " ", "\n"])).collect()
}

/// A template with something taken out, put in, or put elsewhere.
fn spoilt(random: &mut Seeded) -> String {
    let mut chars: Vec<char> = random.pick(IDIOMS).chars().collect();
    for _ in 0..1 + random.below(3) {
        let at = random.below(chars.len() + 1);
        let to = (at + 1 + random.below(4)).min(chars.len());
        match random.below(4) {
            0 => drop(chars.drain(at..to)),
            1 => {
                let copy: Vec<char> = chars[at..to].to_vec();
                chars.splice(at..at, copy);
            }
            _ => {
                let piece: Vec<char> = random.pick(PIECES).chars().collect();
                let end = if random.chance(30) { to } else { at };
                chars.splice(at..end, piece);
            }
        }
    }
    chars.into_iter().collect()
}

const RECEIVERS: &[&str] = &[
    "$s", "$e", "$u", "$n", "$q", "$i", "$j", "$long", "$max", "$lmax", "$d", "$z", "$t", "$f", "$l", "$names", "$none", "$empty", "$m",
    "$rows", "$null", "$nope", "$input.path('$.a')", "$input.path('$.m')", "$input.path('$.s')", "$input.path('$.n')", "$m.keySet()",
    "$m.values()", "$m.entrySet()", "$context.identity", "$stageVariables", "$input.params()", "$input.params('q')", "$names.iterator()",
    "$s.split('o')", "$util.parseJson('[1,{\"a\":2}]')", "$input.body", "$s.charAt(1)", "$m.n.y", "$d.intValue()", "$rows[0]",
    "$names.subList(1, 3)", "$input.path('$.t[*].c')", "$input.path('$.hp')", "$s.getBytes()", "$s.toCharArray()", "$m.clone()",
];

const ARGUMENTS: &[&str] = &[
    "0", "1", "2", "-1", "9", "'o'", "'l'", "'k'", "''", "','", "\"$s\"", "$i", "$n", "$nope", "$null", "true", "[]", "[1]", "{}", "$l", "$m", "$names",
    "'x'", "2.5", "$long", "'[a-z]+'", "'(?i)H'", "'\\.'", "$e", "3000000000", "$d", "'yy'", "$s", "'Hello, World'", "$t", "$rows[0]",
];

const METHODS: &[(&str, usize)] = &[
    ("length", 0), ("size", 0), ("isEmpty", 0), ("toString", 0), ("hashCode", 0), ("trim", 0), ("strip", 0), ("toUpperCase", 0), ("toLowerCase", 0),
    ("keySet", 0), ("values", 0), ("entrySet", 0), ("clear", 0), ("iterator", 0), ("intValue", 0), ("longValue", 0), ("doubleValue", 0),
    ("floatValue", 0), ("shortValue", 0), ("byteValue", 0), ("getKey", 0), ("toArray", 0), ("isBlank", 0), ("stripLeading", 0), ("stripTrailing", 0),
    ("booleanValue", 0), ("isNaN", 0), ("isInfinite", 0), ("intern", 0), ("chars", 0), ("lines", 0), ("bitCount", 0), ("abs", 0), ("signum", 0), ("negate", 0), ("nope", 0),
    ("charAt", 1), ("substring", 1), ("indexOf", 1), ("lastIndexOf", 1), ("contains", 1), ("startsWith", 1), ("endsWith", 1), ("equals", 1),
    ("equalsIgnoreCase", 1), ("compareTo", 1), ("compareToIgnoreCase", 1), ("concat", 1), ("matches", 1), ("split", 1), ("repeat", 1), ("get", 1),
    ("add", 1), ("remove", 1), ("containsKey", 1), ("containsValue", 1), ("addAll", 1), ("removeAll", 1), ("retainAll", 1), ("containsAll", 1),
    ("putAll", 1), ("valueOf", 1), ("parseInt", 1), ("parseDouble", 1), ("parseLong", 1), ("parseBoolean", 1), ("toHexString", 1), ("toBinaryString", 1), ("format", 1), ("codePointAt", 1), ("max", 1),
    ("parseFloat", 1), ("toOctalString", 1), ("compare", 1), ("contentEquals", 1),
    ("substring", 2), ("indexOf", 2), ("replace", 2), ("replaceAll", 2), ("replaceFirst", 2), ("split", 2), ("put", 2), ("set", 2), ("add", 2),
    ("getOrDefault", 2), ("putIfAbsent", 2), ("subList", 2), ("format", 2), ("join", 2), ("lastIndexOf", 2), ("startsWith", 2), ("remove", 2), ("parseInt", 2),
    ("max", 2), ("min", 2), ("sum", 2), ("compare", 2), ("subSequence", 2), ("toString", 2), ("addAll", 2), ("replace", 3), ("format", 3), ("regionMatches", 4),
];

const PROPERTIES: &[&str] =
    &["size", "empty", "length", "key", "value", "k", "n", "bytes", "Empty", "Size", "keySet", "first", "class", "x", "id", "name", "0", "blank", "naN"];

fn call(random: &mut Seeded) -> String {
    match random.below(12) {
        0 => format!(".{}", random.pick(PROPERTIES)),
        1 => format!("[{}]", random.pick(ARGUMENTS)),
        _ => {
            let (name, count) = METHODS[random.below(METHODS.len())];
            let arguments: Vec<&str> = (0..count).map(|_| random.pick(ARGUMENTS)).collect();
            format!(".{name}({})", arguments.join(random.pick(&[", ", ",", " , ", " "])))
        }
    }
}

/// Methods of values, one after another, and what a mistake among them leaves.
fn calls(random: &mut Seeded) -> String {
    let receiver = random.pick(RECEIVERS);
    let calls: String = (0..1 + random.below(3)).map(|_| call(random)).collect();
    let whole = format!("{receiver}{calls}");
    match random.below(6) {
        0 => format!("#set($r = {whole})[$r] #if($r == '')E#end#foreach($x in $r)<$x>#end"),
        1 => format!("#if({whole})T#{{else}}F#end {receiver}"),
        2 => format!("#set($r = {whole} + {})[$!r]", random.pick(ARGUMENTS)),
        3 => format!("\"{whole}\"|{receiver}"),
        4 => format!("#set($r = {receiver})#set($x = {whole})$!x|$r|$!r{}", call(random)),
        _ => format!("[{whole}]"),
    }
}

const STEPS: &[&str] = &[
    ".a", ".m", ".t", ".s", ".n", ".o", ".nul", ".nope", ".*", "..c", "..*", "[*]", "[0]", "[1]", "[-1]", "[9]", "[0,1]", "[0,-1]", "[1:]", "[:1]", "[-2:]",
    "[0:2]", "[1:-1]", "[::2]", "['a']", "['a','m']", "[\"s\"]", "['a.b']", "['sp ace']", ".k", ".z", ".p", ".c", ".q.r", "[?(@.p)]", "[?(@.p > 1)]",
    "[?(@.p >= 5)]", "[?(@.c == 'x')]", "[?(@.c == \"x\")]", "[?(@.c != 'x')]", "[?(@.p < 5 && @.c == 'x')]", "[?(@.p == 1 || @.p == 5)]", "[?(!@.p)]",
    "[?(!(@.p))]", "[?(@.c =~ /x|y/)]", "[?(@.c =~ /X/i)]", "[?(@.q)]", "[?(@.q.r)]", "[?(@['c'] == 'z')]", "[?(@.c in ['x','y'])]", "[?(@.p == null)]",
    "[?(@ == 1)]", "[?(@ > 1)]", "[?(@.p == '1')]", "[?(1 == @.p)]", "[?(@.c == $.t[0].c)]", "[?(@.p != 1)]", "[?(@.c > 'x')]", "[?(@.p == 1.0)]",
    "[?(@.b)]", "[?(@.c size 1)]", "[?(@.c nin ['x'])]", "[?(@.c.length() == 1)]", "[?()]", "[(@.length-1)]", "[]", "[", "]", ".", "..", "[?", ".length()", ".n.z",
    "[ 0 ]", "[ 'a' ]", ".m.k", "[?( @.p>1 )]", "[?(@.p>1&&@.c)]", "[?(@.nul == null)]", "[0].b", "[5].b", "[5]", "..[0]", "..['c']", ".t[?(@.p)].c", "['m']['k']", ".é", ".a-b", ".a b", "[a]", "['a]",
];

fn paths(random: &mut Seeded) -> String {
    let start = random.pick(&["$", "$", "$", "$", "", "@", "$$", "a", " $"]);
    let steps: String = (0..random.below(4)).map(|_| random.pick(STEPS)).collect();
    let path = format!("{start}{steps}").replace('\'', "''");
    match random.below(4) {
        0 => format!("$input.json('{path}')"),
        1 => format!("#set($p = $input.path('{path}'))$p|$!p.size()|#foreach($x in $p)<$x>#end"),
        2 => format!("[$input.path('{path}')]$input.json('{path}')"),
        _ => format!("#if($input.path('{path}') == '')E#end$input.json('{path}').length()"),
    }
}

/// Directives with blanks and comments around them in every position.
fn gobbling(random: &mut Seeded) -> String {
    const BLANKS: &[&str] = &["", "", "", " ", "  ", "\t", "\n", "\n\n", " \n", "\r\n", " \r\n ", "\n  ", "x", "x ", " x", "\\", "$i", "$i ", ".", "## c\n", "##\n", "#* c *#", "#* c\n *#", "#[[r]]#", "\r"];
    const DIRECTIVES: &[&str] = &[
        "#set($x = 1)", "#set($x = $i )", "#if($t)", "#if($f)", "#else", "#{else}", "#elseif($t)", "#end", "#{end}", "#foreach($y in [1,2])", "#macro(g)", "#macro(g $p)",
        "#g()", "#g", "#{g}()", "#define($df)", "$df", "#break", "#stop", "#evaluate('e')", "#@g()", "#nope", "#nope()", "#literal()", "#set ($x = 1)", "#if ($t)", "#foreach ($y in $names)",
        "#set(\n$x = 1\n)", "#end#end", "$x", "$!x", "${x}", "$y", "#include('a')",
    ];
    if random.chance(50) {
        // balanced
        let mut gap = || random.pick(BLANKS);
        let (a, b, c, d, e, f, g) = (gap(), gap(), gap(), gap(), gap(), gap(), gap());
        return match random.below(6) {
            0 => format!("{a}#if($t){b}y{c}#else{d}n{e}#end{f}"),
            1 => format!("{a}#if($f){b}y{c}#elseif($t){d}e{e}#else{f}n#end{g}"),
            2 => format!("{a}#foreach($x in [1,2]){b}$x{c}#end{d}"),
            3 => format!("{a}#macro(g $p){b}<$p>{c}#end{d}#g(1){e}#g(2){f}"),
            4 => format!("{a}#set($x = 1){b}#set($y = 2){c}$x$y{d}#set($x = 3){e}"),
            _ => format!("{a}#define($df){b}d$x{c}#end{d}$df{e}#@nope(){f}b#end{g}"),
        };
    }
    (0..2 + random.below(7)).map(|_| random.pick(BLANKS).to_owned() + random.pick(DIRECTIVES)).collect()
}

/// Macros: arguments of every kind, calls in calls, definitions in odd places.
fn macros(random: &mut Seeded) -> String {
    const BODIES: &[&str] = &[
        "$p", "$!p", "<$p|$q>", "$p$p", "#set($p = 'in')$p", "#set($x = $p)$x", "$p.k", "$p.size()", "#foreach($y in $p)$y,#end", "#if($p)T#{else}F#end", "#b($p)", "#b(\"$p\")",
        "$bodyContent", "$!bodyContent", "<$bodyContent$bodyContent>", "\\$p", "${p}x", "#break", "#stop", "#set($p.k = 2)$p", "$macro.depth", "#define($d2)$p#end$d2", "#evaluate('$p')", "#a($p)", "$i", "#set($i = 9)$i", "#foreach($p in [1,2])$p#end$p",
    ];
    const GIVEN: &[&str] = &["1", "'x'", "\"y$i\"", "$i", "$m", "$names", "$nope", "[1,2]", "{'k': 1}", "[1..3]", "true", "$m.k", "$s.length()", "2.5", "-1", "\"$p\"", "$p", "$x", "$null", "bare", "$!i", "${i}", "$l[0]", "\"#b(1)\""];
    const HEADS: &[&str] = &["$p", "$p $q", "", "$p,$q", " $p , $q ", "$p $p", "$i", "p", "$p $q $r", "$!p", "${p}", "'p'", "$p=1", "1"];
    let define = |random: &mut Seeded, name: &str| {
        format!("#macro({name} {}){}{}#end{}", random.pick(HEADS), random.pick(BODIES), random.pick(BODIES), random.pick(&["", "\n", " "]))
    };
    let invoke = |random: &mut Seeded, name: &str| {
        let arguments: Vec<&str> = (0..random.below(4)).map(|_| random.pick(GIVEN)).collect();
        let arguments = arguments.join(random.pick(&[" ", ", ", ","]));
        match random.below(5) {
            0 => format!("#@{name}({arguments})B$i#end"),
            1 => format!("#{{{name}}}({arguments})"),
            2 => format!("#{name} ({arguments})"),
            _ => format!("#{name}({arguments})"),
        }
    };
    let mut out = String::new();
    for _ in 0..1 + random.below(4) {
        let name = random.pick(&["a", "b"]);
        out += &if random.chance(45) { define(random, name) } else { invoke(random, name) };
    }
    let name = random.pick(&["a", "b"]);
    if random.chance(20) {
        out = format!("#if({}){out}#end", random.pick(&["$t", "$f"]));
    }
    out + &invoke(random, name) + random.pick(&["", "$p", "$!x", "$i"])
}
