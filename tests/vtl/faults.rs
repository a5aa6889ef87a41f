//! All mistakes of a template at once, and none that only follows from another.

use poc::vtl::Template;

/// Both ways of reading find the same first mistake, or none; the others come after it, each on a line of its own.
#[track_caller]
pub fn agrees(text: &str) {
    let faults = Template::faults(text);
    assert_eq!(faults.first(), Template::parse(text).err().as_ref(), "{text}");
    assert!(faults.len() <= 10 && faults.windows(2).all(|two| two[0].line < two[1].line), "{text}\n{faults:?}");
}

/// A line that ends in `<` is where a mistake is told.
#[track_caller]
fn told(marked: &str) {
    let wanted: Vec<usize> =
        (1..).zip(marked.lines()).filter(|(_, line)| line.ends_with('<')).map(|(n, _)| n).collect();
    let text: Vec<&str> = marked.lines().map(|line| line.trim_end_matches('<')).collect();
    let text = text.join("\n");
    agrees(&text);
    let faults = Template::faults(&text);
    assert_eq!(faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), wanted, "{text}\n{faults:#?}");
}

#[test]
fn each_mistake_is_told() {
    told("{\n\"a\": 1\n}");
    told("#set(a = 1)<\n#set($b = 1)\n#set($c 2)<\nx #if($x\n$y)<\n");
    told("#set($a = )<\n\"gre\": \"$input.params('gre')\",\n#set($b = 1 +)<\n#foreach($x in)<\n");
    told("$a.b($c +)<\n$d\n$e[)]<\n");
    told("text\n#end<\nmore\n#else<\n#set(1)<\n");
}

#[test]
fn what_follows_from_a_mistake_is_not() {
    // The rest of a block whose first line could not be read.
    told("#if($x = )<\n  a\n#else\n  b\n#end\ntext\n#set(1)<\n");
    told("#if($x = )<\n  a\n#elseif($y)\n  b\n#end\n");
    told("#foreach(x in $y)<\n  #if($a)\n  1\n  #end\n#end\n#end<\n");
    told("#if($a)\n  #if($b = )<\n  #else\n  #end\n#else\n#set(2)<\n#end\n");
    // The rest of a directive over several lines.
    told("#set($map = {\n  \"a\": 1,\n  b: 2,<\n  \"c\": 3\n})\n$map\n#set(x)<\n");
    // Blocks around a mistake are still open after it.
    told("#if($a)\n#set(b)<\n#end\n#foreach($x in [1])\n#set(c)<\n#end\n");
}

#[test]
fn what_is_never_closed_is_told_once() {
    told("#if($a)\n  b\n#if($c)\nd<");
    told("#set(1)<\n#[[ text\n#set(2)<\n");
}

#[test]
fn no_more_than_ten_are_told() {
    assert_eq!(Template::faults(&"#set(1)\n".repeat(50)).len(), 10);
}
