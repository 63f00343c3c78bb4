using System.Globalization;
using XLLM.Silo.Tokenization;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Tokenization;

/// <summary>Token ids that the originals of well-known tokenizers gave, on texts of many scripts. Inputs: one case a line, or one a file.</summary>
public sealed class GoldenTokenTests
{
    [Theory]
    [InlineData("deepseek-v3", "r1")]
    [InlineData("glm-4.5", "glm46")]
    [InlineData("gpt2", "gpt2")]
    [InlineData("kimi-k2", "kimi_k2")]
    public void Encode_GivesTheOriginalsTokens_AndDecodeGivesTheTextBack(string folder, string golden)
    {
        var tokenizer = LoadShared(folder);
        foreach (var set in (string[])["small", "mixed", "utf8"])
        {
            var texts = ReadTexts(set);
            var tokens = ReadTokens(set, golden);
            Assert.Equal(tokens.Count, texts.Count);
            for (var i = 0; i < texts.Count; i++)
            {
                Assert.Equal(tokens[i], tokenizer.Encode(texts[i], addSpecialTokens: false));
                Assert.Equal(texts[i], IncrementalDecoder.Decode(tokenizer, tokens[i], skipSpecialTokens: false));
            }
        }
    }

    [Fact]
    public void Encode_GivesTheOriginalsTokens_FromVocabularyAndMergesFiles()
    {
        var folder = Directory.CreateTempSubdirectory("tokenizer");
        try
        {
            foreach (var name in (string[])["vocab.json", "merges.txt"])
            {
                File.Copy(Path.Combine(Shared("gpt2"), name), Path.Combine(folder.FullName, name));
            }

            var tokenizer = TokenizerLoader.Load(folder.FullName);
            var texts = ReadTexts("mixed");
            var tokens = ReadTokens("mixed", "gpt2");
            Assert.Equal(tokens, texts.Select(text => tokenizer.Encode(text, addSpecialTokens: false)));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Qwen3_ComposesText_KnowsItsControlTokens_AndRoundTripsAllTexts()
    {
        var tokenizer = LoadShared("qwen3");
        foreach (var text in ((string[])["small", "mixed", "utf8"]).SelectMany(ReadTexts))
        {
            var decoded = IncrementalDecoder.Decode(tokenizer, tokenizer.Encode(text, addSpecialTokens: false), skipSpecialTokens: false);
            Assert.Equal(Silo.Tokenization.Unicode.UnicodeNormalization.Normalize(text, System.Text.NormalizationForm.FormC) ?? text, decoded);
        }

        // Ids of the published vocabulary; U+0301 behind e composes to one character.
        Assert.Equal([9707, 3958, 1879, 151645], tokenizer.Encode("Hello e\u0301 world<|im_end|>", addSpecialTokens: false));
        Assert.Equal([151644, 151645, 151645], tokenizer.Encode("<|im_start|><|im_end|><|im_end|>", addSpecialTokens: false));
        Assert.True(tokenizer.IsSpecial(151645));
        Assert.False(tokenizer.IsSpecial(tokenizer.FindToken("<think>")!.Value));
    }

    private static string Shared(string folder) => SharedOrSkip("data", "tokenizers", folder);

    private static string SharedOrSkip(params string[] parts)
    {
        var path = Paths.TryShared(parts);
        if (path is null)
        {
            Assert.Skip($"../shared/{string.Join('/', parts)} is not there");
        }

        return path;
    }

    private static ITokenizer LoadShared(string folder) => TokenizerLoader.Load(Shared(folder));

    private static List<string> ReadTexts(string set)
    {
        var text = File.ReadAllText(SharedOrSkip("data", "tokenizers", "golden", $"{set}_input.txt"));
        return set == "utf8"
            ? [text]
            : [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Replace("\\n", "\n").Replace("\\s", " ").Replace("\\x", string.Empty))];
    }

    private static List<int[]> ReadTokens(string set, string golden) =>
        [.. File.ReadAllLines(SharedOrSkip("data", "tokenizers", "golden", $"{set}_tokens_{golden}.txt"))
            .Where(line => line.Length > 0)
            .Select(line => line.Split(',', StringSplitOptions.TrimEntries).Select(id => int.Parse(id, CultureInfo.InvariantCulture)).ToArray())];
}
