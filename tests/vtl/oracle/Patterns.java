import java.nio.charset.StandardCharsets;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What java.util.regex makes of many patterns: `java Patterns.java SEED COUNT > java_patterns.json`.
 * {"texts": […], "patterns": [[pattern, [indexes of the texts it matches as a whole]], [pattern, null where refused]]}
 */
public final class Patterns {
    private Patterns() {}

    static final String[] TEXTS = {
        "", "a", "b", "A", "ab", "aB", "AB", "abc", "aab", "aaa", "ba", "aa", "a\nb", "a\r\nb", "a\rb", "a\u0085b", "a\u2028b", "a\u2029b",
        "\n", "a\n", "a\r\n", "a\r", "\na", "a\n\n", "\r\n", "\r", "a\u0085", "é", "É", "aé", "\u00df", "ſ", "K", "\u212a", "k", "😀", "a😀b", "😀😁",
        " ", "a b", "a  b", "\t", "\u000b", "\f", "\u00a0", "\u2003", "1", "12", "a1", "_", "-", ".", "a.b", "*", "a*b", "[", "]", "[x]", "{", "}", "a{2}",
        "{\"a\":1}", "{\"httpStatus\":400,\"message\":\"x\"}", "{\n\"httpStatus\":400}", "Not Found", "not found: x", "[BadRequest] no", "Error: a\nb",
        "&", "a&b", "^", "$", "|", "\\", "\\Q", "#", "a#b", "~", "x", "xx", "aXb", "foo bar", "2024-01-31", "\u0300", "e\u0301", "א", "α", "Α", "я", "Я", "中", "٣", "½", "Ⅷ",
        "\u0000", "\u0007", "\u001b", "\u007f", "\u200d", "Task timed out after 3.00 seconds", "aaaaaaaaaaaaaaaaaaaaaaaa", "abab", "abba", "aabb", "/", "!", "a-b", "z", "Z", "m"
    };

    static final String[] PATTERNS = {
        "", "a", "a|b", "a|", "|a", "()", "(|a)", "a*", "a+", "a?", "a??", "a*?", "a+?b", "a{2}", "a{2,}", "a{1,2}", "a{0}", "a{2}{3}", "{2}", "a{2}*", "a**", "a*+", "a*++", "a+*", "a?+", "a++a", "a*+b", "a?+a", "a{1,2}+a", "a{2}+", "a{2}?",
        "(?s)*a", "(?i)*", "^*", "$*", "\\b*", "^{2}", "(?=a)*a", "(?:){2}", "a|*", "|*", "(*a)", "[]", "[]a]", "[^]a]", "[a", "a]", "a)", "a}", "[a-]", "[-a]", "[a-\\d]", "[\\d-a]", "[z-a]", "[&&a]", "[a&b]", "[a&&&b]",
        "[a&&[^b]]", "[a-z&&[^b]]+", "[^a&&b]", "[^a-z&&[^b]]", "[a-c&&b-d&&c]", "[a-z&&[aeiou]]", "[a-z&&[^aeiou]]+", "[a-z&&[^aeiou]&&[^b]]", "[ab[cd]&&bc]", "[a-m[n-z]]+", "[^a[b]]", "[^[a]b]", "[a&&b&c]", "[a&&[a]&b]", "[&&]", "[&&&&]", "[a&&", "[^", "[[a]", "[a]]",
        "[^^]", "[a^]", "[.]", "[$]", "[*+?]", "[(){}]", "[|]", "[a--b]", "[a-b-c]+", "[[a]-b]", "[a-[b]]", "[a||b]", "[~~]", "[\\[\\]]", "[\\w-]+", "[\\w.]+", "[^\\W_]", "[\\D]", "[^\\d]", "[\\s\\d]", "[\\S]", "[\\h]", "[\\v]", "[\\v-a]", "[\\H]", "[\\V]",
        "[\\b]", "[\\R]", "[\\A]", "[\\X]", "[\\k]", "[\\1]", "[\\0101]", "[\\x41]", "[\\u0041-\\u0043]", "[\\cA]", "[\\n\\r]", "[\\e\\a\\f\\t]", "[\\Q]\\E]", "[a-\\Qz\\E]", "[\\Qa-z\\E]", "[é]", "[À-ÿ]", "[😀-😂]", "[^a]", "[^\\n]",
        "(a)\\1", "(a)(b)\\2\\1", "(a|b)\\1", "\\1", "(a)\\2", "(a\\1)", "(a)\\10", "((((((((((a))))))))))\\10", "\\8", "(?<n>a)\\k<n>", "(?<1n>a)", "(?<n_>a)", "(?<n>a)(?<n>b)", "\\k<x>", "\\k", "(?<a", "(?<", "(?<n>a)(b)\\2", "(?:\\2b|(a)(a))+", "(?i)(a)\\1", "(a)?\\1b", "(?<name1>x)+",
        "\\p{Alpha}+", "\\p{Lower}", "\\p{Upper}", "\\p{Digit}+", "\\p{Alnum}+", "\\p{Punct}", "\\p{Graph}+", "\\p{Print}+", "\\p{Blank}", "\\p{Cntrl}", "\\p{XDigit}+", "\\p{Space}", "\\p{ASCII}+", "\\P{Alpha}", "\\P{ASCII}", "[\\p{Alpha}&&[^a]]", "\\p{L}+", "\\pL", "\\PL", "\\p{Lu}", "\\p{Ll}", "\\p{IsLatin}+", "\\p{IsL}", "\\p{IsLu}", "\\p{sc=Latin}", "\\p{script=Greek}",
        "\\p{IsGreek}", "\\p{InGreek}", "\\p{blk=Basic Latin}", "\\p{InBasicLatin}+", "\\p{InCyrillic}", "\\p{gc=Lu}", "\\p{general_category=Lu}", "\\p{IsAlphabetic}", "\\p{IsPunctuation}", "\\p{IsDigit}", "\\p{IsWhite_Space}", "\\p{IsWhiteSpace}", "\\p{IsHex_Digit}", "\\p{javaLowerCase}+", "\\p{javaUpperCase}", "\\p{javaWhitespace}", "\\p{javaLetterOrDigit}", "\\p{javaFoo}", "\\p{Foo}", "\\p{}", "\\p{", "\\p", "\\p{ L }", "\\p{alpha}", "\\p{IsEmoji}", "\\p{Is}", "\\p{LC}", "\\p{L1}", "\\p{all}", "\\p{LD}", "\\p{N}", "\\p{P}", "\\p{S}", "\\p{Z}", "\\p{M}", "\\p{Cc}", "\\p{Cn}", "\\p{Sm}", "\\p{Nd}", "\\p{IsIdeographic}",
        "(?i)\\p{Lower}", "(?i)\\p{Lu}", "(?i)\\p{Upper}+", "(?i)\\p{javaLowerCase}", "(?i)\\p{IsLowercase}",
        "\\d", "\\d+", "\\D", "\\w+", "\\W", "\\s", "\\S", "\\h", "\\H", "\\v", "\\V", "\\R", "\\R{2}", "a\\Rb", "\\X", "\\X+", ".\\b.*", "\\Ba", "\\ba\\b.*", "a\\b\\n?b?", "\\Aa\\z", "a\\Z", "a\\Z\\n", "\\Ga", "a$", "a$\\n", "^a$", "a$\\r\\n", "a$\\r", "a$\\u0085", "a$.*", "(?s)a$.*", "(?m)^a$", "(?m)a$\\nb", "(?m)a$\\n^b", "(?m)a\\n^", "(?m)a\\r^\\nb", "(?m)a\\r$\\nb", "(?m)a$\\r\\nb", "(?md)a$\\nb", "(?d)a$\\r?\\n", "(?d)a.b", "(?d).*",
        "\\x4", "\\x41", "\\x{41}", "\\x{1F600}", "\\x{110000}", "\\u004", "\\u0041", "\\uD83D\\uDE00", "\\0", "\\08", "\\0101", "\\0777", "\\cA", "\\c", "\\c@", "\\t", "\\n", "\\r", "\\f", "\\a", "\\e", "\\y", "\\_", "\\ ", "\\i", "\\é", "\\-", "\\/", "\\&", "\\#", "\\\"", "\\", "[\\", "\\E", "\\Q", "\\Qa", "\\Qa.b\\E", "\\Q\\E", "a\\Q\\E*", "\\Q*\\E+", "\\Qab\\E+", "\\Qa\\Q\\E", "\\\\Q", "\\\\Qa\\E", "\\Q[x]\\E.*",
        "(?<=a*)b", "(?<=a+)b", "a(?<=a)b", "a(?<!a)b", "(?s).(?<=a{1,3})b", "(?<=(a|bc))d", ".*(?<=ab|c)", "(?<=\\1)a", "a(?=b)b", "a(?!b).", "(?!a).*", "(?=a)ab", "(?=.*b)a.*", "(?>a|ab)b", "(?>a*)a", "(?>ab|a)b",
        "(?s).", "(?s).*", "(?s)a.b", "(?s:a.)b", "(?s:.)*", "(?-s).", "(?s)(?-s).", "((?s).).", "((?s)a.|b).*", "(?s)a|.", "a|(?s).b?", "(?i)AB", "(?i)a(?-i)B", "(?i:a)b", "a(?i)b", "(a(?i))b", "(?i)é", "(?iu)é", "(?u)é", "(?iu)k", "(?i)k", "(?iu)[k]", "(?i)[a-z]+", "(?i)[^a]", "(?iu)[^k]", "(?i)[A-Z&&[^B]]+", "(?iu)s", "(?iu)\u00df", "(?iu)[à-ö]", "(?i)[à-ö]", "(?iu)α", "(?i)not found.*", "(?U)\\w", "(?U)\\d", "(?U)\\s", "(?U)\\w+", "(?U)\\p{Alpha}", "(?U)\\p{Lower}", "(?U)\\p{Punct}", "(?U)\\W", "(?U)\\b.\\b",
        "(?x) a b", "(?x) a # c\nb", "(?x)a #b", "(?x)[a b]", "(?x)[a #b\n]+", "(?x)a {2}", "(?x)( ?:a)", "(?x)\\ ", "(?x)a\\#b", "(?x)\\Qa b\\E", "(?x)a b|x", "(?x:a b)b?", "(?x) ( a | b ) +", "(?x)a\\ b", "(?x)#c\ra",
        "(?z)a", "(?i", "(?-i)a", "(?i-s:a)", "(?-)a", "(?)", "(?", "(?:", "(", "(a", "(?#c)", "(?P<n>a)", "(?'n'a)", "(?R)", "(?&n)", "(?|a|b)", "(?(1)a)", "(?0)", "(?ii)a", "(?c)a", "(?i-i)A", "(?--i)a",
        "a{1,", "a{1", "a{,2}", "a{2,1}", "a{99999999999}", "a{0,2147483647}", "a{2147483648}", "a{ 2}", "a{a}", "{", "{a}", "a{", "\\{", "\\{2}", "x{0}", "(a{0,2}){0,2}", "(a*)*", "(a*)+b", "(a|b*)*", "(a+)+b", "(a|aa)+", "(?:a|b)*?b", "((a)|(b))*\\3", "(a?)*?b", "(a?){3}", "(|a)+", "(a|)+b", "(a*?)*b", "é+", "😀+", ".{2}", "..", "[^a]{2}",
        ".*\"httpStatus\":400.*", "(\\n|.)+", "(\\n|.)*", ".+", ".*", "[\\s\\S]*", "\\[BadRequest\\].*", ".*Not Found.*", "^Error.*", "Error(.|\\n)*", ".*timed out.*", "\\d{4}-\\d{2}-\\d{2}", "[^\\n]*", "^$", "^.+$", "\\{.*\\}", "{\"a\":1}", ".*{\"httpStatus\":400.*", "[[:alpha:]]", "[^[:x]]", "\\N{DIGIT ONE}", "\\b{g}a", "\\b{x}", "<a>.*", "a\\|b", "[a-zA-Z0-9._%+-]+", "(?:(?:a))", "(?<!a)b", "!", "~", "#"
    };

    static final String[] PIECES = {
        "a", "b", "B", ".", "*", "+", "?", "|", "(", ")", "(?:", "(?i)", "(?s)", "(?i:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "[", "]", "[^", "-", "&&", "^", "$", "{2}", "{1,}", "{0,2}", "\\d", "\\w", "\\s", "\\n", "\\R", "\\b", "\\1", "\\2", "\\Q", "\\E", "\\.", "\\p{L}", "\\p{Alpha}", "a-c", "[ab]", "[^b]", "(a|b)", "(a)", "a*", "b+", ".*", "\n", " ", "é", "1", "\\h", "\\v", "\\A", "\\z", "\\Z", "(?m)", "(?x)", "#", "&", "😀", "(?d)", "(?-i)", "(?<n>", "\\k<n>", "\\W", "\\S", "\\x61", "\\u0062", "{", "}", "+?", "*+", "(?u)", "(?U)"
    };

    static String made(Random random) {
        StringBuilder out = new StringBuilder();
        int count = 1 + random.nextInt(7);
        int open = 0;
        for (int i = 0; i < count; i++) {
            String piece = PIECES[random.nextInt(PIECES.length)];
            out.append(piece);
            if (piece.startsWith("(") && !piece.endsWith(")")) open++;
            if (piece.equals(")")) open--;
        }
        if (random.nextInt(4) > 0) while (open-- > 0) out.append(')');
        return out.toString();
    }

    static String quoted(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') out.append('\\').append(c);
            else if (c < 32 || c > 126) out.append(String.format("\\u%04x", (int) c));
            else out.append(c);
        }
        return out.append('"').toString();
    }

    public static void main(String[] args) {
        Set<String> patterns = new LinkedHashSet<>(List.of(PATTERNS));
        Random random = new Random(Long.parseLong(args[0]));
        for (int i = Integer.parseInt(args[1]); i > 0; i--) patterns.add(made(random));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        List<String> texts = new ArrayList<>();
        for (String text : TEXTS) texts.add(quoted(text));
        out.print("{\"texts\": [" + String.join(", ", texts) + "],\n\"patterns\": [");
        String comma = "\n";
        for (String pattern : patterns) {
            String found = "null";
            try {
                Pattern compiled = Pattern.compile(pattern);
                List<String> matched = new ArrayList<>();
                for (int i = 0; i < TEXTS.length; i++) if (compiled.matcher(TEXTS[i]).matches()) matched.add(Integer.toString(i));
                found = matched.toString();
            } catch (RuntimeException refused) {
                // PatternSyntaxException, and what else its parser throws
            }
            out.print(comma + "[" + quoted(pattern) + ", " + found + "]");
            comma = ",\n";
        }
        out.println("\n]}");
        out.flush();
    }
}
