using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;
using XLLM.Silo.Tokenization;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Tokenization;

/// <summary>The demo model's vocabulary in Microsoft.ML.Tokenizers, an implementation of byte-level BPE that shares no line with ours: same ids for any text.</summary>
public sealed class IndependentTokenizerTests
{
    private static readonly string[] Pieces =
        ["kettle", " the", "The capital", " of", "Japan", "日本", "的首都", "🦊", " 12", "345", "\n\n", "  ", "\t", "don't", "I'LL", "é", "ß", "…", "<", "{\"a\": 1}", "...", "\r\n", " ", "x"];

    [Fact]
    public void AnyText_HasTheSameIds()
    {
        var ours = TokenizerLoader.Load(Paths.DemoModel);
        var theirs = Load(Path.Combine(Paths.DemoModel, "tokenizer.json"));
        var random = new Random(11);
        for (var i = 0; i < 2000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => Pieces[random.Next(Pieces.Length)]));

            Assert.Equal(theirs.EncodeToIds(text), ours.Encode(text, addSpecialTokens: false));
        }
    }

    private static BpeTokenizer Load(string file)
    {
        var json = JsonNode.Parse(File.ReadAllText(file))!;
        var vocabulary = json["model"]!["vocab"]!.AsObject().ToDictionary(token => token.Key, token => token.Value!.GetValue<int>());
        var merges = json["model"]!["merges"]!.AsArray().Select(merge => merge is JsonArray pair ? $"{pair[0]} {pair[1]}" : merge!.GetValue<string>());
        var pattern = json["pre_tokenizer"]!["pretokenizers"]!.AsArray().Select(step => step!["pattern"]?["Regex"]?.GetValue<string>()).Single(found => found is not null)!;
        return BpeTokenizer.Create(new BpeOptions(vocabulary) { Merges = merges, ByteLevel = true, PreTokenizer = new RegexPreTokenizer(new Regex(pattern), null) });
    }
}
