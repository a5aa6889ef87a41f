//! Makes up templates from a seed: some by the grammar, some by throwing pieces of it together.
//!
//! The cases go to the real engine as well as to ours; where the results differ, one of them is wrong.

use serde_json::{Value, json};

/// A small reproducible generator (xorshift64*).
pub struct Seeded(u64);

impl Seeded {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() >> 33) as usize % n.max(1)
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

/// A case: a template and the request it is rendered for.
pub fn case(seed: u64) -> Value {
    let mut random = Seeded::new(seed);
    let template = match random.below(10) {
        0..=3 => Grammar { random: &mut random, budget: 12 }.template(),
        4 => number_case(&mut random),
        5 => string_case(&mut random),
        6 => json_case(&mut random),
        7 | 8 => soup(&mut random),
        _ => expression_case(&mut random),
    };
    json!({
        "name": format!("fuzz-{seed}"),
        "template": template,
        "request": {
            "body": r#"{"a":[1,2.5,"x/y",null,true,{"b":"c"}],"m":{"k":"v","n":{"z":[3,1,2]},"e":""},"s":"it's \"q\"","n":12345678901,"hp":1.2345678901234567891,"t":[{"p":1,"c":"x"},{"p":5,"c":"y"},{"c":"z"}]}"#,
            "path": {"id": "7"},
            "querystring": {"q": "hello world", "id": "2"},
            "header": {"Accept": "*/*", "X-A": "it's"},
        },
        "context": {"stage": "prod", "identity": {"sourceIp": "1.2.3.4"}, "apiId": "abc"},
        "stageVariables": {"v1": "sv", "v-2": "w"},
        "vars": {
            "a": 1, "b": 2, "neg": -7, "big": 9223372036854775807u64, "d": 2.5, "t": true, "f": false, "s": "Hello, World",
            "e": "", "u": "é😀z", "num": "42", "l": [1, "two", 3.0, null, ["in"]], "names": ["x", "yy", "z"],
            "m": {"k": "v", "n": {"x": "deep"}, "size": 9}, "null": null,
        },
    })
}

const NAMES: &[&str] =
    &["a", "b", "neg", "big", "d", "t", "f", "s", "e", "u", "num", "l", "names", "m", "nope", "x", "y", "x-y"];
const PATHS: &[&str] = &[
    "$",
    "$.a",
    "$.a[0]",
    "$.a[-1]",
    "$.a[1:3]",
    "$.a[:2]",
    "$.a[2:]",
    "$.a[0,2]",
    "$.m",
    "$.m.k",
    "$.m.n.z",
    "$['m']['k']",
    "$..z",
    "$..b",
    "$.a[*]",
    "$.m.*",
    "$.t[*].c",
    "$.t[?(@.p)].c",
    "$.t[?(@.p > 1)]",
    "$.t[?(@.c == 'x')].p",
    "$.t[?(@.p >= 1 && @.c != 'y')]",
    "$.t[?(@.c =~ /[xy]/)].c",
    "$.nope",
    "$.nope.x",
    "$.s",
    "$.n",
    "s",
    "$.s.x",
    "$.t[(@.length-1)].c",
    "$.a[9]",
    "$..[0]",
    "$..*",
    "$.m['k','e']",
    "$.t..c",
    "$.t[?(!@.p)].c",
    "$.t[?(@.p == 1 || @.c == 'z')].c",
    "$.t.c",
    "$..t[0].c",
    "$..c",
    "$.a[-2:]",
    "$..t[?(@.p)]",
    "$.t[?(@.p < 'x')]",
    "$.s[0]",
];

struct Grammar<'r> {
    random: &'r mut Seeded,
    budget: usize,
}

impl Grammar<'_> {
    fn template(&mut self) -> String {
        let count = 1 + self.random.below(5);
        (0..count).map(|_| self.statement()).collect()
    }

    fn block(&mut self) -> String {
        let count = self.random.below(4);
        (0..count).map(|_| self.statement()).collect()
    }

    fn spend(&mut self) -> bool {
        self.budget = self.budget.saturating_sub(1);
        self.budget > 0
    }

    fn statement(&mut self) -> String {
        if !self.spend() {
            return self.text();
        }
        match self.random.below(20) {
            0..=3 => self.text(),
            4..=7 => self.output(),
            8..=10 => self.set(),
            11 | 12 => self.condition(),
            13 | 14 => self.foreach(),
            15 => self.macros(),
            16 => self.define(),
            17 => self
                .random
                .pick(&[
                    "## comment\n",
                    "#* c *#",
                    "#** f *#",
                    "#[[ $a #if ]]#",
                    "#literal()$a #if(1)x#end#end",
                    "\\$a",
                    "\\\\$a",
                    "\\#if(1)",
                    "\\\\#set($x=1)",
                    "#stop",
                    "#break",
                    "#break($foreach)",
                ])
                .to_owned(),
            18 => format!(
                "#evaluate({})",
                self.random.pick(&[
                    "'$a-#if($t)y#end'",
                    "\"$s#set($x = 9)\"",
                    "$s",
                    "'#break z'",
                    "'#stop z'",
                    "'#macro(ev)EV#end'",
                    "'#foo'",
                    "'#if'"
                ])
            ),
            _ => self
                .random
                .pick(&[
                    "#foo",
                    "#foo($a)",
                    "#ev()",
                    "#m1($a)",
                    "#@m1($b)body#end",
                    "#end",
                    "#else",
                    "$foreach.index",
                    "$velocityCount",
                ])
                .to_owned(),
        }
    }

    fn text(&mut self) -> String {
        self.random
            .pick(&[
                "x", " ", "\n", "  \n", "{\"k\": ", "}", ", ", "a.b", "#", "$", "$5 ", "# ", "\t", "\r\n", "-", "[0]",
                ".c", "(1)", "!", "\\", "\\\\", "é", "\"", "'", "##", "#1", "${", "}",
            ])
            .to_owned()
    }

    fn output(&mut self) -> String {
        let reference = self.reference(2);
        let space = self.random.pick(&["", "", " ", "\n"]);
        reference + space
    }

    fn reference(&mut self, depth: usize) -> String {
        let name = self.random.pick(NAMES);
        let mut body = name.to_owned();
        if self.random.chance(15) {
            let path = self.random.pick(PATHS);
            let method = self.random.pick(&["path", "json"]);
            body = format!("input.{method}('{}')", path.replace('\'', "''"));
        } else if self.random.chance(10) {
            body = self
                .random
                .pick(&[
                    "input.body",
                    "input.params('id')",
                    "input.params().header",
                    "input.params().path.id",
                    "context.stage",
                    "context.identity.sourceIp",
                    "stageVariables.v1",
                    "stageVariables['v-2']",
                    "context.keySet()",
                    "input.params('Accept')",
                ])
                .to_owned();
        } else if self.random.chance(8) {
            let function =
                self.random.pick(&["escapeJavaScript", "urlEncode", "urlDecode", "base64Encode", "parseJson"]);
            let argument = self.random.pick(&["$s", "'a b/c'", "$nope", "$u", "'{\"a\":[1]}'", "$a", "''"]);
            body = format!("util.{function}({argument})");
        }
        for _ in 0..self.random.below(3) {
            body += &self.step(depth);
        }
        let dollar = self.random.pick(&["$", "$", "$", "$!", "$!", "\\$", "$\\!", "$$", "#$"]);
        if self.random.chance(30) { format!("{dollar}{{{body}}}") } else { format!("{dollar}{body}") }
    }

    fn step(&mut self, depth: usize) -> String {
        match self.random.below(10) {
            0 | 1 => format!(
                ".{}",
                self.random.pick(&[
                    "k", "n", "x", "size", "empty", "length", "class1", "key", "value", "index", "true", "bytes1"
                ])
            ),
            2 | 3 => {
                format!("[{}]", self.random.pick(&["0", "1", "-1", "9", "'k'", "\"n\"", "$a", " 0 ", "true", "$nope"]))
            }
            _ => {
                let argument = self.value(depth.saturating_sub(1));
                let call = self.random.pick(METHODS);
                format!(".{}", call.replace('@', &argument))
            }
        }
    }

    fn value(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self
                .random
                .pick(&[
                    "1",
                    "0",
                    "2",
                    "-3",
                    "2.5",
                    "'x'",
                    "\"y\"",
                    "true",
                    "false",
                    "$a",
                    "$s",
                    "$nope",
                    "','",
                    "'l'",
                    "3000000000",
                    "1e3",
                    "''",
                ])
                .to_owned();
        }
        match self.random.below(12) {
            0..=3 => self.reference(depth - 1).replace("#$", "$"),
            4 => format!("[{}, {}]", self.value(depth - 1), self.value(depth - 1)),
            5 => format!("{{'k': {}, \"j\" : {}}}", self.value(depth - 1), self.value(depth - 1)),
            6 => self
                .random
                .pick(&["[1..3]", "[3..1]", "[$a..$b]", "[ -1 .. 1 ]", "[]", "{}", "{ }", "[$nope..2]", "[ ]"])
                .to_owned(),
            7 => format!("\"<{}>\"", self.reference(0).replace('"', "\"\"")),
            _ => self.value(0),
        }
    }

    fn expression(&mut self, depth: usize) -> String {
        if depth == 0 || self.random.chance(30) {
            return self.value(depth.min(2));
        }
        let operator = self.random.pick(&[
            "+", "-", "*", "/", "%", "==", "!=", "<", ">", "<=", ">=", "&&", "||", "eq", "ne", "lt", "gt", "le", "ge",
            "and", "or",
        ]);
        match self.random.below(6) {
            0 => format!("({})", self.expression(depth - 1)),
            1 => format!("!{}", self.expression(depth - 1)),
            2 => format!("{}{operator}{}", self.expression(depth - 1), self.expression(depth - 1)),
            _ => format!("{} {operator} {}", self.expression(depth - 1), self.expression(depth - 1)),
        }
    }

    fn set(&mut self) -> String {
        let left = match self.random.below(8) {
            0 => "$m.k".to_owned(),
            1 => format!("$l[{}]", self.random.pick(&["0", "1", "-1"])),
            2 => "$m['z']".to_owned(),
            3 => self
                .random
                .pick(&[
                    "$!x",
                    "${x}",
                    "$nope.a",
                    "$context.responseOverride.status",
                    "$context.requestOverride.header.h",
                    "$foreach.v",
                    "$s.x",
                    "$s[0]",
                ])
                .to_owned(),
            _ => format!("${}", self.random.pick(&["x", "y", "a", "s"])),
        };
        let space = self.random.pick(&["", "", "  ", "\n", "\n  "]);
        let end = self.random.pick(&["", "", "\n", "  \n", " "]);
        format!(
            "{space}#set({left}{}={}{})",
            self.random.pick(&[" ", ""]),
            self.random.pick(&[" ", ""]),
            self.expression(3)
        ) + end
    }

    fn condition(&mut self) -> String {
        let mut out = format!("#if({}){}", self.expression(3), self.gap());
        out += &self.block();
        if self.random.chance(25) {
            out += &format!("#elseif( {} ){}", self.expression(2), self.gap());
            out += &self.block();
        }
        if self.random.chance(40) {
            out += self.random.pick(&["#else", "#{else}", "#else\n", "#else \n"]);
            out += &self.block();
        }
        out + self.random.pick(&["#end", "#end", "#{end}", "#end\n", "#end  \n"])
    }

    fn gap(&mut self) -> &'static str {
        self.random.pick(&["", "", " ", "\n", "  \n", "\r\n"])
    }

    fn foreach(&mut self) -> String {
        let list = match self.random.below(4) {
            0 => self.value(1),
            1 => self
                .random
                .pick(&[
                    "$l",
                    "$names",
                    "$m",
                    "$m.keySet()",
                    "$m.entrySet()",
                    "$s.split('l')",
                    "$input.path('$.a')",
                    "$input.path('$.t')",
                    "$nope",
                    "$m.values()",
                    "$names.iterator()",
                ])
                .to_owned(),
            _ => self.random.pick(&["[1..3]", "$names", "[1,2]", "$l"]).to_owned(),
        };
        let body = self.block();
        let extra = self.random.pick(&[
            "",
            "$x",
            "$x,",
            "$foreach.index",
            "$foreach.count$velocityCount",
            "#if($foreach.hasNext),#end",
            "#if($foreach.first)F#end",
            "#break",
            "#if($x == 2)#break#end",
            "$foreach.parent.index",
            "#set($foreach.v = $x)$foreach.v",
            "#if($foreach.count > 1)#stop#end",
        ]);
        let name = self.random.pick(&["x", "x", "y", "a"]);
        format!("#foreach(${name} in {list}){}{extra}{body}#end{}", self.gap(), self.gap())
    }

    fn macros(&mut self) -> String {
        let body = self.block();
        let call = match self.random.below(5) {
            0 => format!("#m1({})", self.value(2)),
            1 => format!("#m1({} {})", self.value(1), self.value(1)),
            2 => format!("#m1({}, {})", self.value(1), self.reference(1).replace("#$", "$")),
            3 => format!("#@m1({}){}#end", self.value(1), self.block()),
            _ => "#m1()".to_owned(),
        };
        let header = self.random.pick(&[
            "#macro(m1 $p $q)",
            "#macro(m1, $p, $q)",
            "#macro( m1 $p )",
            "#macro(m1 $p $x)\n",
            "#macro(m1)",
        ]);
        let inside = self.random.pick(&[
            "<$p|$!q>",
            "$p$p",
            "#set($p = 'in')$p",
            "$bodyContent",
            "\\$p",
            "$p.k",
            "#m1($p)",
            "#set($x = 'mx')$x",
            "#foreach($i in $p)$i #end",
        ]);
        format!("{header}{inside}{body}#end{}{call}", self.gap())
    }

    fn define(&mut self) -> String {
        let body = self.block();
        let tail = self.random.pick(&[
            "$w",
            "#set($x = 5)$w",
            "\"$w\"",
            "#set($y = \"$w!\")$y",
            "#if($w)d#end",
            "$w$w",
            "$w.length()",
            "#if($w == 'x')E#end",
        ]);
        format!("#define($w){body}$x#end{tail}")
    }
}

const METHODS: &[&str] = &[
    "size()",
    "isEmpty()",
    "get(@)",
    "get(0)",
    "get('k')",
    "put('q', @)",
    "containsKey(@)",
    "keySet()",
    "values()",
    "entrySet()",
    "contains(@)",
    "add(@)",
    "remove(@)",
    "length()",
    "substring(1)",
    "substring(1, 3)",
    "indexOf(@)",
    "toUpperCase()",
    "toLowerCase()",
    "trim()",
    "replace('l', @)",
    "replaceAll('[lo]+', '_')",
    "split(@)",
    "split('')",
    "startsWith(@)",
    "equals(@)",
    "toString()",
    "hashCode()",
    "concat(@)",
    "intValue()",
    "parseInt(@)",
    "charAt(@)",
    "nope()",
    "matches('.*o.*')",
    "lastIndexOf(@)",
    "subList(0, 1)",
    "addAll(@)",
    "equalsIgnoreCase(@)",
    "compareTo(@)",
    "endsWith('d')",
    "doubleValue()",
    "valueOf(@)",
    "format('%s-%s', @, 1)",
    "getOrDefault('zz', @)",
    "clear()",
    "indexOf('l', 3)",
    "isBlank()",
    "containsValue(@)",
];

const PIECES: &[&str] = &[
    "$",
    "$!",
    "${",
    "}",
    "$a",
    "$s",
    "$m",
    "$l",
    "$nope",
    ".",
    ".k",
    ".size",
    "()",
    "(",
    ")",
    "[",
    "]",
    "[0]",
    "['k']",
    "#",
    "##",
    "#*",
    "*#",
    "#**",
    "#[[",
    "]]#",
    "#if",
    "#if(",
    "#if($t)",
    "#if($a==1)",
    "#elseif($t)",
    "#else",
    "#{else}",
    "#end",
    "#{end}",
    "#set",
    "#set(",
    "#set($x = 1)",
    "#set($x=$a)",
    "$x",
    "#foreach",
    "#foreach($i in [1,2])",
    "$i",
    "#macro(q $z)",
    "#q(1)",
    "#q",
    "$z",
    "#define($d)",
    "$d",
    "#evaluate('$a')",
    "#literal()",
    "#break",
    "#stop",
    "\\",
    "\\\\",
    "!",
    "\"",
    "'",
    "''",
    "\"\"",
    " ",
    "  ",
    "\n",
    "\t",
    "\r\n",
    "a",
    "b1",
    "-",
    "_",
    "@",
    "#@q(1)",
    "1",
    "1.5",
    "..",
    "...",
    ",",
    ":",
    "{",
    "{}",
    "=",
    "==",
    "true",
    "false",
    "null",
    "and",
    "&&",
    "|",
    "%",
    "+",
    "é",
    "😀",
    "\\u0041",
    "$.x",
    "$[",
    "$![",
    "$\\!a",
    "\\$a",
    "\\#if",
    "#1",
    "$1",
    "text",
    "#set($y = \"<$a>\")",
    "$y",
    "$s.length()",
    "$s.substring(",
    "$l.get(0)",
    "$m.put('j', 1)",
    "$foreach.index",
    "#if(true)x#end",
    "#foreach($j in [1..2])$j#end",
    "#parse",
    "#include",
];

/// Pieces of the language thrown together.
fn soup(random: &mut Seeded) -> String {
    let count = 1 + random.below(9);
    (0..count).map(|_| random.pick(PIECES)).collect()
}

/// One value, printed in several ways.
fn expression_case(random: &mut Seeded) -> String {
    let mut grammar = Grammar { random, budget: 20 };
    let value = grammar.expression(3);
    let other = grammar.reference(2);
    format!("#set($r = {value})[$r]#if({value})T#{{else}}F#end {other}")
}

/// Arithmetic over numbers of all types and sizes.
fn number_case(random: &mut Seeded) -> String {
    const NUMBERS: &[&str] = &[
        "0",
        "1",
        "-1",
        "7",
        "2147483647",
        "-2147483648",
        "2147483648",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "123456789012345678901234567890",
        "0.1",
        "2.5",
        "-0.5",
        "1e10",
        "1.5e-5",
        "3.0e300",
        "1e308",
        "100.0",
        "12345678.9",
        "0.00012",
        "$big",
        "$d",
        "$neg",
        "$input.path('$.n')",
        "$input.path('$.hp')",
        "1000000",
        "3",
        "-3",
        "10",
    ];
    let mut value = random.pick(NUMBERS).to_owned();
    for _ in 0..1 + random.below(4) {
        let operator = random.pick(&["+", "-", "*", "/", "%", "+", "*", "==", "<", ">="]);
        value = format!("{value} {operator} {}", random.pick(NUMBERS));
        if random.chance(20) {
            value = format!("({value})");
        }
    }
    let method = random.pick(&[
        "",
        ".intValue()",
        ".longValue()",
        ".doubleValue()",
        ".floatValue()",
        ".hashCode()",
        ".toString()",
        ".byteValue()",
        ".compareTo(1)",
        ".NaN",
        ".valueOf('12')",
        ".parseInt('7f')",
        ".toHexString(255)",
        ".parseDouble(' 1.50 ')",
        ".signum()",
        ".max(3, 4)",
    ]);
    let format =
        random.pick(&["%s", "%d", "%.2f", "%,d", "%05d", "%+d", "%x", "%8.3f|", "%-6d|", "%e", "%(d", "%b", "%c"]);
    format!("#set($r = {value})$r $r{method} $s.format('{format}', $r)")
}

/// Texts and what their methods make of them.
fn string_case(random: &mut Seeded) -> String {
    const TEXTS: &[&str] = &[
        "$s",
        "$u",
        "$num",
        "'a,b,,c,,'",
        "''",
        "' padded '",
        "'aXbXc'",
        "\"tab\\u0009x\"",
        "'The quick brown fox'",
        "'a.b.c'",
        "'1-2-3'",
        "'ÀÉ straße'",
        "'k=v&w=x'",
        "'{}[]()'",
    ];
    const PATTERNS: &[&str] = &[
        "'[a-z]+'",
        "'\\d'",
        "','",
        "'\\.'",
        "''",
        "'(\\w)(\\w)'",
        "'[^a-z ]'",
        "'\\s+'",
        "'X'",
        "'(?i)x'",
        "'b|c'",
        "'^.'",
        "'.$'",
        "'\\bq'",
        "'[,-]'",
        "'(a)?'",
        "'\\p{Upper}'",
        "'.*'",
        "'('",
        "'\\Q.\\E'",
        "'[\\w.]+'",
        "'x{2}'",
        "'&'",
        "'='",
        "'[\\[\\]]'",
    ];
    const REPLACEMENTS: &[&str] = &["'-'", "''", "'$0$0'", "'<$1>'", "'\\\\'", "'$2'", "'$'", "'\\$'"];
    let text = random.pick(TEXTS);
    let pattern = random.pick(PATTERNS);
    let replacement = random.pick(REPLACEMENTS);
    let number = random.pick(&["0", "1", "2", "5", "-1", "99"]);
    let call = match random.below(14) {
        0..=2 => format!("replaceAll({pattern}, {replacement})"),
        3 => format!("replaceFirst({pattern}, {replacement})"),
        4 | 5 => format!("split({pattern})"),
        6 => format!("split({pattern}, {number})"),
        7 => format!("matches({pattern})"),
        8 => format!("substring({number})"),
        9 => format!("substring({number}, {})", random.pick(&["1", "3", "7"])),
        10 => format!("indexOf({}, {number})", random.pick(&["'b'", "'o'", "98", "''"])),
        11 => format!("lastIndexOf({}, {number})", random.pick(&["'b'", "'o'", "98", "''"])),
        12 => random
            .pick(&[
                "trim()",
                "strip()",
                "toUpperCase()",
                "toLowerCase()",
                "hashCode()",
                "isBlank()",
                "length()",
                "intern()",
                "stripTrailing()",
            ])
            .to_owned(),
        _ => format!(
            "{}({})",
            random.pick(&["charAt", "codePointAt", "repeat", "compareTo", "concat", "contains"]),
            random.pick(&["0", "1", "'a'", "''", "3", "$s"])
        ),
    };
    if call.starts_with("split") {
        format!("#set($x = {text})#foreach($y in $x.{call})<$y>#end $x.{call}.size()")
    } else {
        format!("#set($x = {text})[$x.{call}]$util.escapeJavaScript($x)$util.urlEncode($x)")
    }
}

/// JSON, good and bad, read and written.
fn json_case(random: &mut Seeded) -> String {
    const PARTS: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"a\"",
        "\"b\"",
        "\"a\":1",
        "\"c\":[1,2]",
        "1",
        "-0",
        "1.50",
        "1e3",
        "12345678901234567890",
        "0.1234567890123456789",
        "01",
        "1x",
        "true",
        "false",
        "null",
        "nul",
        "NaN",
        "bare",
        "\"\\u00e9\\n\\/\"",
        "\"x/y\"",
        " ",
        "\n",
        "\"\"",
        "-",
        "1.",
        ".5",
        "\"k\" : {\"z\":null}",
        "k:v",
        "[[]]",
        "{}",
        "\"\\q\"",
        "1.0E-7",
        "\u{2028}",
    ];
    let count = 1 + random.below(6);
    let text: String = (0..count).map(|_| random.pick(PARTS)).collect();
    let text = if random.chance(60) { format!("{{\"v\":{text}}}") } else { text };
    format!("#set($j = $util.parseJson('{text}'))$j|$j.v|$j.v.a|$j.size()|#foreach($y in $j)<$y>#end")
}
