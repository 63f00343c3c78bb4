using System.Text;
using XLLM.Silo.Tokenization;

namespace XLLM.Silo.Tests.Tokenization;

public sealed class BytePairTokenizerTests
{
    [Fact]
    public void Encode_GivesNothing_ForEmptyText() => Assert.Empty(TinyTokenizer.ByteLevel().Load().Encode("", addSpecialTokens: false));

    [Fact]
    public void Encode_AppliesTheEarlierMergeFirst_AndOfEqualOnesTheLeftmost()
    {
        var tokenizer = TinyTokenizer.ByteLevel().Merge("b", "c").Merge("a", "b").Merge("a", "a").Load();

        Assert.Equal(["a", "bc"], Written(tokenizer, "abc"));
        Assert.Equal(["aa", "a"], Written(tokenizer, "aaa"));
        Assert.Equal(["ab", "bc"], Written(tokenizer, "abbc"));
    }

    [Fact]
    public void Encode_NeverMergesAcrossWords()
    {
        var tokenizer = TinyTokenizer.ByteLevel().Merge("a", "Ġ").Merge("Ġ", "b").Load();

        Assert.Equal(["a", " b"], Written(tokenizer, "a b"));
    }

    [Fact]
    public void Encode_KeepsNulAndControlCharacters_AsBytes()
    {
        Assert.Equal([0x61, 0x00, 0x1F, 0x7F], TinyTokenizer.ByteLevel().Load().Encode("a\0\u001F\u007F", addSpecialTokens: false));
    }

    [Theory]
    [InlineData("\uD800")]
    [InlineData("a\uDC00b")]
    [InlineData("\uDC00\uD800")]
    [InlineData("\uD83D\uDE00\uD83D")]
    public void Encode_ReadsUnpairedSurrogates_AsReplacementCharacters(string text)
    {
        var tokenizer = TinyTokenizer.ByteLevel().Load();
        var repaired = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

        Assert.Contains('\uFFFD', repaired);
        Assert.Equal(tokenizer.Encode(repaired, addSpecialTokens: false), tokenizer.Encode(text, addSpecialTokens: false));
    }

    [Fact]
    public void Encode_FindsTheLongestAddedToken_AndAdjacentOnes()
    {
        var tokenizer = TinyTokenizer.ByteLevel().Added(300, "<a>").Added(301, "<a><b>").Added(302, "<b>").Load();

        Assert.Equal([301, 300], tokenizer.Encode("<a><b><a>", addSpecialTokens: false));
        Assert.Equal([302, 302, 300], tokenizer.Encode("<b><b><a>", addSpecialTokens: false));
        Assert.Equal(["<", "<a>", ">"], Written(tokenizer, "<<a>>"));
    }

    [Fact]
    public void Encode_LetsAnAddedTokenTakeTheWhiteSpaceBesideIt_WhenItsFlagsSaySo()
    {
        var tokenizer = TinyTokenizer.ByteLevel().Added(300, "<l>", left: true).Added(301, "<r>", right: true).Load();

        Assert.Equal(['a', 300, ' ', 'b'], tokenizer.Encode("a \n<l> b", addSpecialTokens: false));
        Assert.Equal(['a', ' ', 301, 'b'], tokenizer.Encode("a <r>\t b", addSpecialTokens: false));
        Assert.Equal([301, 300], tokenizer.Encode("<r>  <l>", addSpecialTokens: false));
    }

    [Fact]
    public void Encode_PassesOverASingleWordToken_WhereAWordCharacterTouchesIt()
    {
        var tokenizer = TinyTokenizer.ByteLevel().Added(300, "tok", singleWord: true).Load();

        Assert.Equal([300], tokenizer.Encode("tok", addSpecialTokens: false));
        Assert.Equal(['-', 300, '.'], tokenizer.Encode("-tok.", addSpecialTokens: false));
        Assert.Equal(['t', 'o', 'k', 's'], tokenizer.Encode("toks", addSpecialTokens: false));
        Assert.Equal(['_', 't', 'o', 'k'], tokenizer.Encode("_tok", addSpecialTokens: false));
    }

    [Fact]
    public void Encode_LooksForNormalizedTokens_InNormalizedText_AndForOthersInTheTextAsItCame()
    {
        var tokenizer = TinyTokenizer.ByteLevel()
            .With("normalizer", """{"type":"Lowercase"}""")
            .Added(300, "<N>", special: false, normalized: true)
            .Added(301, "<R>", special: false)
            .Load();

        Assert.Equal([300, 300, 301], tokenizer.Encode("<N><n><R>", addSpecialTokens: false));
        Assert.Equal(['<', 'r', '>'], tokenizer.Encode("<r>", addSpecialTokens: false));
    }

    [Fact]
    public void Encode_ComposesText_WhenTheNormalizerIsNfc()
    {
        var tokenizer = TinyTokenizer.ByteLevel().With("normalizer", """{"type":"NFC"}""").Load();

        Assert.Equal([0xC3, 0xA9], tokenizer.Encode("e\u0301", addSpecialTokens: false));
        Assert.Equal([0xEA, 0xB0, 0x81], tokenizer.Encode("\u1100\u1161\u11A8", addSpecialTokens: false));
    }

    [Fact]
    public void Encode_PutsTheTemplatesTokensAround_OnlyWhenAskedFor()
    {
        var tokenizer = TinyTokenizer.ByteLevel().Added(300, "<s>").Added(301, "</s>").With("post_processor", """
            {"type":"Sequence","processors":[{"type":"ByteLevel"},{"type":"TemplateProcessing",
              "single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"</s>","type_id":0}}],
              "special_tokens":{"<s>":{"id":"<s>","ids":[300]},"</s>":{"id":"</s>","ids":[301]}}}]}
            """).Load();

        Assert.Equal([300, 'a', 301], tokenizer.Encode("a", addSpecialTokens: true));
        Assert.Equal([300, 301], tokenizer.Encode("", addSpecialTokens: true));
        Assert.Equal(['a'], tokenizer.Encode("a", addSpecialTokens: false));
    }

    [Fact]
    public void Encode_TakesAWholeWordFirst_OnlyWhenMergesAreIgnored()
    {
        var tokenizer = TinyTokenizer.ByteLevel().Merge("a", "b").Word("abc");
        Assert.Equal(["ab", "c"], Written(tokenizer.Load(), "abc"));

        tokenizer.Model["ignore_merges"] = true;
        Assert.Equal(["abc"], Written(tokenizer.Load(), "abc"));
    }

    [Fact]
    public void Encode_PutsASpaceInFrontOfEachStretch_WhenThePreTokenizerSaysSo()
    {
        var tokenizer = TinyTokenizer.ByteLevel("""{"type":"ByteLevel","add_prefix_space":true}""").Added(300, "<s>").Load();

        Assert.Equal([' ', 'a', 300, ' ', 'b'], tokenizer.Encode("a<s>b", addSpecialTokens: false));
        Assert.Equal([' ', 'a'], tokenizer.Encode(" a", addSpecialTokens: false));
    }

    [Fact]
    public void Encode_LetsLaterStepsSeeTheByteAlphabet_WhenTheyComeBehindTheByteLevelOne()
    {
        // U+00B2 stands for its own byte in the alphabet, and is a number: U+2032 is E2 80 B2, so a digits step behind cuts before its last byte.
        var tokenizer = TinyTokenizer.ByteLevel("""
            {"type":"Sequence","pretokenizers":[{"type":"ByteLevel","add_prefix_space":false,"use_regex":false},{"type":"Digits","individual_digits":true}]}
            """).Merge("Ģ", "²").Load();

        Assert.Equal([0xE2, 0x80, 0xB2], tokenizer.Encode("\u2032", addSpecialTokens: false));
    }

    [Theory]
    [InlineData("Isolated", false, "a|,|,|b")]
    [InlineData("Removed", false, "a|b")]
    [InlineData("Removed", true, ",|,")]
    [InlineData("Contiguous", false, "a|,,|b")]
    [InlineData("MergedWithPrevious", false, "a,|,|b")]
    [InlineData("MergedWithNext", false, "a|,|,b")]
    public void Encode_SplitsAsTheBehaviorSays(string behavior, bool invert, string expected)
    {
        var tokenizer = TinyTokenizer.ByteLevel($$"""
            {"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"String":","},"behavior":"{{behavior}}","invert":{{(invert ? "true" : "false")}}},
              {"type":"ByteLevel","add_prefix_space":false,"use_regex":false}]}
            """).Merge(",", ",").Merge("a", ",").Merge(",", "b").Load();

        Assert.Equal(expected.Split('|'), Written(tokenizer, "a,,b"));
    }

    [Fact]
    public void Encode_GivesUnknownTokens_OneByOneOrFused()
    {
        var tokenizer = TinyTokenizer.Characters("▁ab", bytes: false);
        Assert.Equal(["▁", "a", "<unk>", "<unk>", "b"], Names(tokenizer, "axyb"));

        tokenizer.Model["fuse_unk"] = true;
        Assert.Equal(["▁", "a", "<unk>", "b"], Names(tokenizer, "axyb"));
    }

    [Fact]
    public void Encode_PutsSentencePiecesMark_InFrontOfEachStretch()
    {
        var tokenizer = TinyTokenizer.Characters("▁ab", bytes: true).Added(300, "<s>").Merge("▁", "a");

        Assert.Equal(["▁a", "▁a", "<s>", "▁", "b", "▁"], Names(tokenizer, "a a<s>b "));
        Assert.Empty(tokenizer.Load().Encode("", addSpecialTokens: false));
    }

    [Theory]
    [InlineData("always", "▁a|▁|b|<s>|▁|b")]
    [InlineData("first", "▁a|▁|b|<s>|b")]
    [InlineData("never", "a|▁|b|<s>|b")]
    public void Encode_PutsMetaspacesMark_WhereItsSchemeSays(string scheme, string expected)
    {
        var tokenizer = TinyTokenizer.Characters("▁ab", bytes: true).Added(300, "<s>").Merge("▁", "a")
            .With("normalizer", "null")
            .With("pre_tokenizer", $$"""{"type":"Metaspace","replacement":"▁","prepend_scheme":"{{scheme}}","split":true}""");

        Assert.Equal(expected.Split('|'), Names(tokenizer, "a b<s>b"));
    }

    [Fact]
    public void Encode_MergesAcrossSpaces_WhenSomeMergeDoes()
    {
        var tokenizer = TinyTokenizer.Characters("▁ab", bytes: true).Merge("a", "▁").Merge("a▁", "b");

        Assert.Equal(["▁", "a▁b"], Names(tokenizer, "a b"));
    }

    [Fact]
    public void FindToken_KnowsWrittenForms_AddedTokensFirst()
    {
        var tokenizer = TinyTokenizer.ByteLevel().Merge("Ġ", "a").Added(300, "<s>").Load();

        Assert.Equal(300, tokenizer.FindToken("<s>"));
        Assert.Equal(256, tokenizer.FindToken("Ġa"));
        Assert.Null(tokenizer.FindToken("Ġb"));
        Assert.Null(tokenizer.FindToken(""));
        Assert.Equal(" a"u8, tokenizer.TokenBytes(256));
        Assert.Equal("<s>"u8, tokenizer.TokenBytes(300));
        Assert.Equal(301, tokenizer.VocabularySize);
        Assert.True(tokenizer.IsSpecial(300));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(280)]
    [InlineData(int.MaxValue)]
    public void TokenBytes_IsEmpty_ForAnIdThatIsNoToken(int id)
    {
        var tokenizer = TinyTokenizer.ByteLevel().Added(300, "<s>").Load();

        Assert.True(tokenizer.TokenBytes(id).IsEmpty);
        Assert.False(tokenizer.IsSpecial(id));
    }

    [Theory]
    [InlineData("a")]
    [InlineData(" ")]
    [InlineData("中")]
    [InlineData("\u0301")]
    [InlineData("😀")]
    [InlineData("<|im_")]
    public void Encode_TakesAMillionUnitsOfOneText_WithoutLosingAny(string unit)
    {
        var tokenizer = TokenizerLoader.Load(Testing.Paths.DemoModel);
        var text = string.Concat(Enumerable.Repeat(unit, 1_000_000 / unit.Length));

        Assert.Equal(text, IncrementalDecoder.Decode(tokenizer, tokenizer.Encode(text, addSpecialTokens: false), skipSpecialTokens: false));
    }

    [Fact]
    public void Encode_RefusesAText_OnWhichThePatternBacktracksWithoutMeasure()
    {
        var tokenizer = TinyTokenizer.ByteLevel("""
            {"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"(?:a|a)+b"},"behavior":"Isolated"},{"type":"ByteLevel","use_regex":false}]}
            """).Load();

        var exception = Assert.Throws<TokenizerException>(() => tokenizer.Encode(new string('a', 100), addSpecialTokens: false));
        Assert.Contains("steps", exception.Message);
        Assert.Equal(['x'], tokenizer.Encode("x", addSpecialTokens: false)[^1..]);
    }

    [Fact]
    public async Task Encode_GivesTheSameTokens_ToManyThreadsAtOnce()
    {
        var tokenizer = TokenizerLoader.Load(Testing.Paths.DemoModel);
        var random = new Random(1);
        var texts = Enumerable.Range(0, 200).Select(_ => RandomText(random)).ToArray();
        var expected = texts.Select(text => tokenizer.Encode(text, addSpecialTokens: false)).ToArray();

        // Another instance, whose cache is empty when the threads begin.
        var shared = TokenizerLoader.Load(Testing.Paths.DemoModel);
        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => texts.Select(text => shared.Encode(text, addSpecialTokens: false)).ToArray())));
        Assert.All(results, result => Assert.Equal(expected, result));
    }

    [Fact]
    public void Encode_ThenDecode_GivesTheComposedTextBack_ForAnyText()
    {
        var tokenizer = TokenizerLoader.Load(Testing.Paths.DemoModel);
        var random = new Random(2);
        for (var round = 0; round < 2000; round++)
        {
            var text = RandomText(random);
            var composed = Silo.Tokenization.Unicode.UnicodeNormalization.Normalize(text, NormalizationForm.FormC) ?? text;
            var tokens = tokenizer.Encode(text, addSpecialTokens: false);

            Assert.Equal(composed, IncrementalDecoder.Decode(tokenizer, tokens, skipSpecialTokens: false));

            // The second time the words come from the cache.
            Assert.Equal(tokens, tokenizer.Encode(text, addSpecialTokens: false));
        }
    }

    private static string RandomText(Random random)
    {
        string[] parts = ["the", " of", "Japan", "  ", "\n", "\r\n", "日本", "é", "e\u0301", "😀", "12", "345", "'s", "<|im_end|>", "<|", "!?", "\0", "ᄀ", "ᅡ", "𠀀"];
        return string.Concat(Enumerable.Range(0, random.Next(20)).Select(_ => random.Next(4) == 0 ? new Rune(random.Next(0xD800)).ToString() : parts[random.Next(parts.Length)]));
    }

    /// <summary>The tokens as text, each by itself.</summary>
    private static string[] Written(ITokenizer tokenizer, string text) =>
        [.. tokenizer.Encode(text, addSpecialTokens: false).Select(id => Encoding.UTF8.GetString(tokenizer.TokenBytes(id)))];

    /// <summary>The tokens as the vocabulary writes them, for vocabularies of characters.</summary>
    private static string[] Names(TinyTokenizer builder, string text)
    {
        var tokenizer = builder.Load();
        var names = System.Text.Json.Nodes.JsonNode.Parse(builder.Json())!["model"]!["vocab"]!.AsObject().ToDictionary(entry => entry.Value!.GetValue<int>(), entry => entry.Key);
        return [.. tokenizer.Encode(text, addSpecialTokens: false).Select(id => names.TryGetValue(id, out var name) ? name : Encoding.UTF8.GetString(tokenizer.TokenBytes(id)))];
    }
}
