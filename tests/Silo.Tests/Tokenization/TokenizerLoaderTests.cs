using System.IO.Compression;
using System.Text;
using XLLM.Silo.Tokenization;

namespace XLLM.Silo.Tests.Tokenization;

public sealed class TokenizerLoaderTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tokenizer");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Load_SaysWhatItLookedFor_WhenTheFolderIsMissingOrEmpty()
    {
        Assert.Contains("does not exist", Assert.Throws<TokenizerException>(() => TokenizerLoader.Load(Path.Combine(_folder.FullName, "none"))).Message);
        Assert.Contains("tokenizer.json", Assert.Throws<TokenizerException>(() => TokenizerLoader.Load(_folder.FullName)).Message);
    }

    [Theory]
    [InlineData("{", "line 1")]
    [InlineData("[]", "the file")]
    [InlineData("{}", "model")]
    [InlineData("""{"model":{"type":"Unigram","vocab":[]}}""", "model.type")]
    [InlineData("""{"model":{"type":"BPE","merges":[]}}""", "model.vocab")]
    [InlineData("""{"model":{"type":"BPE","vocab":{},"merges":[]}}""", "model.vocab")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":"b"},"merges":[]}}""", "model.vocab.a")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":-1},"merges":[]}}""", "model.vocab")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":2000000000},"merges":[]}}""", "model.vocab")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0}}}""", "model.merges")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":["a b"]}}""", "model.merges[0]")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":["aa"]}}""", "model.merges[0]")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[["a"]]}}""", "model.merges[0]")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[],"unk_token":"<unk>"}}""", "model.unk_token")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[],"end_of_word_suffix":"</w>"}}""", "model.end_of_word_suffix")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[],"dropout":0.1}}""", "model.dropout")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"normalizer":{"type":"Sequence","normalizers":[{"type":"Odd"}]}}""", "normalizer.normalizers[0].type")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"pre_tokenizer":{"type":"Odd"}}""", "pre_tokenizer.type")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"pre_tokenizer":{"type":"Split","pattern":{"Regex":"("},"behavior":"Isolated"}}""", "pre_tokenizer.pattern.Regex")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"pre_tokenizer":{"type":"Split","pattern":{"Regex":"a"},"behavior":"Odd"}}""", "pre_tokenizer.behavior")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"decoder":{"type":"WordPiece"}}""", "decoder.type")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"post_processor":{"type":"Odd"}}""", "post_processor.type")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"added_tokens":[{"id":1,"content":""}]}""", "added_tokens[0]")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"added_tokens":[{"content":"<s>"}]}""", "added_tokens[0].id")]
    public void Load_NamesFileAndField_WhenTokenizerJsonIsDamagedOrUnsupported(string json, string field)
    {
        Write("tokenizer.json", json);

        var exception = Assert.Throws<TokenizerException>(() => TokenizerLoader.Load(_folder.FullName));
        Assert.Equal(Path.Combine(_folder.FullName, "tokenizer.json"), exception.File);
        Assert.Equal(field, exception.Field);
    }

    [Fact]
    public void Load_ReadsACompressedFile_FromTheFolderAndFromAStream()
    {
        using (var file = new GZipStream(File.Create(Path.Combine(_folder.FullName, "tokenizer.json.gz")), CompressionLevel.Fastest))
        {
            file.Write(Encoding.UTF8.GetBytes(TinyTokenizer.ByteLevel().Merge("a", "b").Json()));
        }

        Assert.Equal([256], TokenizerLoader.Load(_folder.FullName).Encode("ab", addSpecialTokens: false));
        using var stream = new GZipStream(File.OpenRead(Path.Combine(_folder.FullName, "tokenizer.json.gz")), CompressionMode.Decompress);
        Assert.Equal([256], TokenizerLoader.Load(stream).Encode("ab", addSpecialTokens: false));
    }

    [Fact]
    public void Load_AddsTheCompanionsTokens_ThatTheFileLacks()
    {
        Write("tokenizer.json", TinyTokenizer.ByteLevel().Added(300, "<s>").Json());
        Write("tokenizer_config.json", """
            {"added_tokens_decoder":{"300":{"content":"<other>","special":true},"301":{"content":"<t>","special":false}}}
            """);
        var tokenizer = TokenizerLoader.Load(_folder.FullName);

        Assert.Equal([300, 301], tokenizer.Encode("<s><t>", addSpecialTokens: false));
        Assert.Null(tokenizer.FindToken("<other>"));
        Assert.False(tokenizer.IsSpecial(301));
    }

    [Theory]
    [InlineData("LlamaTokenizerFast", true, false, new[] { 300, 97 })]
    [InlineData("LlamaTokenizerFast", false, true, new[] { 97, 301 })]
    [InlineData("PreTrainedTokenizerFast", true, true, new[] { 97 })]
    public void Load_FollowsTheCompanionsBosAndEos_ForTheClassesThatDo(string name, bool begin, bool end, int[] expected)
    {
        Write("tokenizer.json", TinyTokenizer.ByteLevel().Added(300, "<s>").Added(301, "</s>").Json());
        Write("tokenizer_config.json", $$"""
            {"tokenizer_class":"{{name}}","bos_token":{"content":"<s>"},"eos_token":"</s>","add_bos_token":{{(begin ? "true" : "false")}},"add_eos_token":{{(end ? "true" : "false")}}}
            """);

        Assert.Equal(expected, TokenizerLoader.Load(_folder.FullName).Encode("a", addSpecialTokens: true));
    }

    [Fact]
    public void Load_ReadsVocabularyAndMerges_WithThePatternOfTheClass()
    {
        var vocabulary = Enumerable.Range(0, 256).ToDictionary(value => ByteAlphabet.ToCharacter((byte)value).ToString(), value => value);
        vocabulary.Add("11", 256);
        vocabulary.Add("<|endoftext|>", 257);
        Write("vocab.json", System.Text.Json.JsonSerializer.Serialize(vocabulary));
        Write("merges.txt", "#version: 0.2\n1 1\n");
        Assert.Equal([256, 257], TokenizerLoader.Load(_folder.FullName).Encode("11<|endoftext|>", addSpecialTokens: false));

        // Qwen's pattern takes numbers digit by digit, and its text is composed.
        Write("tokenizer_config.json", """{"tokenizer_class":"Qwen2Tokenizer"}""");
        Assert.Equal([0x31, 0x31, 0xC3, 0xA9], TokenizerLoader.Load(_folder.FullName).Encode("11e\u0301", addSpecialTokens: false));
    }

    [Fact]
    public void Load_NamesTheLine_WhenMergesAreDamaged()
    {
        Write("vocab.json", """{"a":0,"b":1}""");
        Write("merges.txt", "#version: 0.2\na b\n");

        Assert.Equal("line 2", Assert.Throws<TokenizerException>(() => TokenizerLoader.Load(_folder.FullName)).Field);
    }

    [Fact]
    public void Load_ReadsRankFiles_AndMergesByRank()
    {
        Write("own.tiktoken", RankLines("ab", "abc", "bc", "xyz"));
        Write("tokenizer_config.json", """
            {"pat_str":"\\p{L}+|\\P{L}+","added_tokens_decoder":{"300":{"content":"<s>","special":true},"301":{"content":"[PAD]","special":true}},"pad_token":"[PAD]"}
            """);
        var tokenizer = TokenizerLoader.Load(_folder.FullName);

        Assert.Equal([257, 300, 258], tokenizer.Encode("abc<s>bc", addSpecialTokens: false));

        // "xyz" is a whole word, though no two of its parts are a token.
        Assert.Equal([259], tokenizer.Encode("xyz", addSpecialTokens: false));

        // Padding is never read from text, yet it is a token.
        Assert.Equal("[PAD]"u8.ToArray().Select(value => (int)value), tokenizer.Encode("[PAD]", addSpecialTokens: false));
        Assert.Equal(301, tokenizer.FindToken("[PAD]"));
        Assert.Equal("[PAD]"u8, tokenizer.TokenBytes(301));
    }

    [Fact]
    public void Load_TellsWhatIsMissing_WhenNothingTellsARankFilesPattern()
    {
        Write("own.tiktoken", RankLines("ab"));

        Assert.Contains("pat_str", Assert.Throws<TokenizerException>(() => TokenizerLoader.Load(_folder.FullName)).Message);
    }

    [Theory]
    [InlineData("IQ== 0\nnonsense\n", "line 2")]
    [InlineData("IQ== 0\n\nIg== 0\n", "line 3")]
    [InlineData("IQ== 99999999\n", "line 1")]
    [InlineData("I 0\n", "line 1")]
    [InlineData("", "the file")]
    public void Load_NamesTheLine_WhenARankFileIsDamaged(string content, string field)
    {
        Write("tiktoken.model", content);

        Assert.Equal(field, Assert.Throws<TokenizerException>(() => TokenizerLoader.Load(_folder.FullName)).Field);
    }

    [Fact]
    public void Load_RefusesABinaryModel_AndSaysWhatToDo()
    {
        File.WriteAllBytes(Path.Combine(_folder.FullName, "tokenizer.model"), [0x0A, 0x0E, 0x0A, 0x05, 0x3C, 0x75, 0x6E, 0x6B, 0x3E]);

        Assert.Contains("converted to tokenizer.json", Assert.Throws<TokenizerException>(() => TokenizerLoader.Load(_folder.FullName)).Message);
    }

    private static string RankLines(params string[] words) => string.Concat(
        Enumerable.Range(0, 256).Select(value => new[] { (byte)value })
            .Concat(words.Select(Encoding.UTF8.GetBytes))
            .Select((bytes, rank) => $"{Convert.ToBase64String(bytes)} {rank}\n"));

    private void Write(string name, string content) => File.WriteAllText(Path.Combine(_folder.FullName, name), content);
}
