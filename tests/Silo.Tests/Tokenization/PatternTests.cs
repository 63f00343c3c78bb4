using System.Text;
using System.Text.RegularExpressions;
using XLLM.Silo.Tokenization.Formats;
using XLLM.Silo.Tokenization.Patterns;

namespace XLLM.Silo.Tests.Tokenization;

public sealed class PatternTests
{
    [Theory]
    [InlineData("a{2,3}", "aaaaaaa", "aaa|aaa")]
    [InlineData("a{2}", "aaaaa", "aa|aa")]
    [InlineData("a{,2}b", "aaab", "aab")]
    [InlineData("a{x}", "a{x}", "a{x}")]
    [InlineData("a+?b??", "aab", "a|a")]
    [InlineData("(?:ab)+", "ababa", "abab")]
    [InlineData("(?:ab|a)(?:c|bcd)", "abcd", "abc")]
    [InlineData("a++b", "aaab", "aaab")]
    [InlineData("a++ab", "aaab", "")]
    [InlineData("(?>a|ab)c", "abc", "")]
    [InlineData("a(?=b)", "abac", "a")]
    [InlineData("a(?!b)", "abac", "a")]
    [InlineData("(?<=b)a", "aba", "a")]
    [InlineData("(?<!b)a", "aba", "a")]
    [InlineData("(?<=[ab]c)d", "acdbcdcd", "d|d")]
    [InlineData("^a|a$", "a\nba\na", "a|a|a")]
    [InlineData(@"\Aa|a\z", "aaa", "a|a")]
    [InlineData(@"\bab", "ab cab ab", "ab|ab")]
    [InlineData("[a-c&&[^b]]+", "abcac", "a|cac")]
    [InlineData("[^(x|[,.])]+", "a,b|c", "a|b|c")]
    [InlineData(@"[\]\-a]+", "a-]b", "a-]")]
    [InlineData("[[:digit:]]+", "12a", "12")]
    [InlineData(@"(?i:'S)|x", "'s'S'ſx", "'s|'S|'ſ|x")]
    [InlineData("(?i)k|z", "KkKZ", "K|k|K|Z")]
    [InlineData("(?i:a(?-i:b))", "AbAB", "Ab")]
    [InlineData(@"\p{Han}+", "中文abcの𠀀", "中文|𠀀")]
    [InlineData(@"\p{^L}+|\P{N}", "1a", "1|a")]
    [InlineData(@"[\p{Lu}\p{Ll}&&[^\p{Greek}]]+", "aΣBσ", "a|B")]
    [InlineData(@"\x{1F600}|\u4E2D|\x41", "😀中A", "😀|中|A")]
    [InlineData(".", "😀\na", "😀|a")]
    [InlineData(@"[😀-😂]+", "😀😁a😂", "😀😁|😂")]
    [InlineData(@"\p{N}{1,3}+", "1234567", "1234567")]
    public void TryFind_GivesTheMatchesOfThePattern(string pattern, string text, string expected)
    {
        Assert.Equal(expected.Length == 0 ? [] : expected.Split('|'), Matches(Pattern.Parse(pattern), text));
    }

    [Theory]
    [InlineData("(")]
    [InlineData(")")]
    [InlineData("a)")]
    [InlineData("[a")]
    [InlineData("[b-a]")]
    [InlineData("*a")]
    [InlineData("a{3,2}")]
    [InlineData("a{2000}")]
    [InlineData(@"\")]
    [InlineData(@"\p{Nonsense}")]
    [InlineData(@"\p{L")]
    [InlineData(@"\1")]
    [InlineData(@"\x{FFFFFFF}")]
    [InlineData("(?<=a+)b")]
    [InlineData("(?:a*)*")]
    [InlineData("(?q)a")]
    [InlineData("(?i")]
    [InlineData("((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((a))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))")]
    [InlineData("(?:(?:(?:ab){500}){500}){500}")]
    public void Parse_RefusesWhatItCannotMatch(string pattern) => Assert.Throws<FormatException>(() => Pattern.Parse(pattern));

    [Fact]
    public void TryFind_GivesUp_WhenAPatternBacktracksWithoutMeasure()
    {
        var pattern = Pattern.Parse("(?:a|a)+b");

        Assert.Throws<PatternBudgetException>(() => Matches(pattern, new string('a', 60)));
    }

    [Theory]
    [InlineData(@"\p{L}\p{M}*+", "क्षि")]
    [InlineData(@"[^\r\n\p{L}\p{N}]?\p{L}+", "𝐀𝐁 中")]
    public void TryFind_NeverCutsASurrogatePair(string pattern, string text)
    {
        foreach (var match in Matches(Pattern.Parse(pattern), text))
        {
            Assert.False(char.IsLowSurrogate(match[0]));
            Assert.False(char.IsHighSurrogate(match[^1]));
        }
    }

    public static TheoryData<string> WellKnown => [KnownPatterns.Gpt2, KnownPatterns.Cl100k, KnownPatterns.Qwen, KnownPatterns.O200k];

    /// <summary>.NET's own engine is the oracle where it can be: on texts of the basic plane, without the letters that it folds otherwise.</summary>
    [Theory]
    [MemberData(nameof(WellKnown))]
    public void TryFind_AgreesWithTheRuntimesEngine_OnRandomTexts(string pattern)
    {
        var ours = Pattern.Parse(pattern);
        var oracle = new Regex(pattern, RegexOptions.CultureInvariant);
        var random = new Random(3);
        for (var round = 0; round < 3000; round++)
        {
            var text = RandomText(random);
            Assert.Equal(oracle.Matches(text).Select(match => match.Value), Matches(ours, text));
        }
    }

    [Fact]
    public void WellKnownPatterns_CoverEveryText_SoThatNothingIsLeftOut()
    {
        var random = new Random(4);
        foreach (var pattern in ((string[])[.. WellKnown.Select(row => row.Data), KnownPatterns.Kimi]).Select(Pattern.Parse))
        {
            for (var round = 0; round < 500; round++)
            {
                var text = RandomText(random) + new Rune(random.Next(0x10000, 0x110000));
                Assert.Equal(text, string.Concat(Matches(pattern, text)));
            }
        }
    }

    private static string RandomText(Random random)
    {
        const string Often = "  \n\r\t\u00A0\u3000'sStTlLdDvVrReEmMabcABC0123456789.,!?-_/éßµ中日の가²Ⅷ\u0301\u200D";
        var text = new StringBuilder();
        for (var length = random.Next(40); length > 0; length--)
        {
            text.Append(random.Next(5) == 0 ? (char)random.Next(0xD800) : Often[random.Next(Often.Length)]);
        }

        return text.Replace('ſ', 's').Replace('\u212A', 'k').ToString();
    }

    private static List<string> Matches(Pattern pattern, string text)
    {
        var matches = new List<string>();
        var matcher = new PatternMatcher(text);
        try
        {
            for (var from = 0; from < text.Length && pattern.TryFind(ref matcher, from, out var start, out var end); from = Math.Max(end, start + 1))
            {
                matches.Add(text[start..end]);
            }
        }
        finally
        {
            matcher.Dispose();
        }

        return matches;
    }
}
