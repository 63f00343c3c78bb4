using System.Text;
using XLLM.Silo.Tokenization;

namespace XLLM.Silo.Tests.Tokenization;

public sealed class IncrementalDecoderTests
{
    [Fact]
    public void Append_HoldsBackACharacter_UntilItsLastByteCame()
    {
        var decoder = new IncrementalDecoder(TinyTokenizer.ByteLevel().Load(), skipSpecialTokens: false);

        // F0 9F 98 80 is U+1F600: one code point, two UTF-16 units, shown together.
        Assert.Equal("", decoder.Append(0xF0));
        Assert.Equal("", decoder.Append(0x9F));
        Assert.Equal("", decoder.Append(0x98));
        Assert.Equal("😀", decoder.Append(0x80));
        Assert.Equal("", decoder.Flush());
    }

    [Fact]
    public void Append_ShowsReplacements_AsSoonAsBytesCanNeverBecomeACharacter()
    {
        var decoder = new IncrementalDecoder(TinyTokenizer.ByteLevel().Load(), skipSpecialTokens: false);

        Assert.Equal("\uFFFD", decoder.Append(0xFF));
        Assert.Equal("", decoder.Append(0xE4));
        Assert.Equal("\uFFFDa", decoder.Append('a'));
        Assert.Equal("", decoder.Append(0xE4));
        Assert.Equal("\uFFFD", decoder.Flush());
    }

    [Fact]
    public void Append_LeavesSpecialTokensOut_WhenAsked_AndLetsBytesMeetAcrossThem()
    {
        var tokenizer = TinyTokenizer.ByteLevel().Added(300, "<s>").Added(301, "<t>", special: false).Load();
        int[] tokens = ['a', 300, 301, 0xC3, 300, 0xA9];

        Assert.Equal("a<t>é", IncrementalDecoder.Decode(tokenizer, tokens, skipSpecialTokens: true));
        Assert.Equal("a<s><t>\uFFFD<s>\uFFFD", IncrementalDecoder.Decode(tokenizer, tokens, skipSpecialTokens: false));
    }

    [Fact]
    public void Append_TakesTheLeadingSpaceAway_OnlyAtTheTextsStart()
    {
        var tokenizer = TinyTokenizer.Characters("▁ab", bytes: true).Load();
        var tokens = tokenizer.Encode("a b", addSpecialTokens: false);

        Assert.True(tokenizer.StripsLeadingSpace);
        Assert.Equal("a b", IncrementalDecoder.Decode(tokenizer, tokens, skipSpecialTokens: true));

        var continued = new IncrementalDecoder(tokenizer, skipSpecialTokens: true, continuesText: true);
        Assert.Equal(" a b", continued.Append(tokens));

        var decoder = new IncrementalDecoder(tokenizer, skipSpecialTokens: true);
        Assert.Equal("", decoder.Append(tokens[0]));
        Assert.Equal("a b", decoder.Append(tokens.AsSpan(1)));
        Assert.Equal("", decoder.Flush());

        // Flush makes it new: the next stream loses its leading space too.
        Assert.Equal("a b", decoder.Append(tokens));
    }

    [Fact]
    public void EmittedTexts_Joined_AreTheWholeTokensDecodedAtOnce_WhateverTheTokensAndTheCuts()
    {
        ITokenizer[] tokenizers =
        [
            TinyTokenizer.ByteLevel().Merge("Ġ", "a").Merge("ð", "Ł").Added(300, "<s>").Added(301, "日本", special: false).Load(),
            TinyTokenizer.Characters("▁abé", bytes: true).Merge("▁", "a").Added(300, "<s>").Load(),
            TokenizerLoader.Load(Testing.Paths.DemoModel),
        ];
        var random = new Random(8);
        for (var round = 0; round < 6000; round++)
        {
            var tokenizer = tokenizers[round % tokenizers.Length];
            var skip = random.Next(2) == 0;
            var tokens = Enumerable.Range(0, random.Next(30)).Select(_ => RandomToken(random, tokenizer)).ToArray();

            var bytes = new List<byte>();
            foreach (var token in tokens)
            {
                if (!skip || !tokenizer.IsSpecial(token))
                {
                    bytes.AddRange(tokenizer.TokenBytes(token));
                }
            }

            var expected = Encoding.UTF8.GetString([.. bytes]);
            if (tokenizer.StripsLeadingSpace && expected.StartsWith(' '))
            {
                expected = expected[1..];
            }

            var decoder = new IncrementalDecoder(tokenizer, skip);
            var text = new StringBuilder();
            for (var at = 0; at < tokens.Length;)
            {
                var count = Math.Min(tokens.Length - at, random.Next(1, 4));
                var emitted = count == 1 ? decoder.Append(tokens[at]) : decoder.Append(tokens.AsSpan(at, count));
                Assert.False(emitted.Length > 0 && (char.IsHighSurrogate(emitted[^1]) || char.IsLowSurrogate(emitted[0])), "half a character was emitted");
                text.Append(emitted);
                at += count;
            }

            text.Append(decoder.Flush());
            Assert.Equal(expected, text.ToString());
            Assert.Equal(expected, IncrementalDecoder.Decode(tokenizer, tokens, skip));
        }
    }

    /// <summary>Bytes of characters in the making more often than chance would have it.</summary>
    private static int RandomToken(Random random, ITokenizer tokenizer) => random.Next(4) switch
    {
        0 => random.Next(-2, tokenizer.VocabularySize + 2),
        1 => tokenizer.FindToken(ByteAlphabet.ToCharacter((byte)random.Next(0x80, 0xC0)).ToString()) ?? 1 + random.Next(0x80, 0xC0),
        2 => tokenizer.FindToken(ByteAlphabet.ToCharacter((byte)random.Next(0xC0, 0x100)).ToString()) ?? 1 + random.Next(0xC0, 0x100),
        _ => random.Next(Math.Min(310, tokenizer.VocabularySize)),
    };
}
