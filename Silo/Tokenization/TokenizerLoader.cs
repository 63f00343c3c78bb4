using System.IO.Compression;
using XLLM.Silo.Tokenization.Formats;

namespace XLLM.Silo.Tokenization;

/// <summary>Finds and reads the tokenizer files of a model's folder.</summary>
internal static class TokenizerLoader
{
    /// <summary>
    /// Loads the first of these that the folder has: tokenizer.json, tokenizer.json.gz, vocab.json with merges.txt, tiktoken.model or another
    /// rank file (*.tiktoken, tokenizer.model), each with tokenizer_config.json as companion.
    /// </summary>
    /// <exception cref="TokenizerException">No such file is there, or one is damaged or asks for something that is not supported.</exception>
    public static ITokenizer Load(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new TokenizerException(folder, "the folder", "does not exist");
        }

        try
        {
            var config = TokenizerConfig.Read(folder);
            return new BytePairTokenizer(ReadParts(folder, config));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new TokenizerException(folder, "the folder", exception.Message, exception);
        }
    }

    /// <summary>Loads a tokenizer.json, from wherever it comes.</summary>
    /// <param name="tokenizerJson">The file's content.</param>
    /// <param name="tokenizerConfig">The content of its tokenizer_config.json, or null.</param>
    /// <exception cref="TokenizerException">The file is damaged or asks for something that is not supported.</exception>
    public static ITokenizer Load(Stream tokenizerJson, Stream? tokenizerConfig = null)
    {
        var config = tokenizerConfig is null ? TokenizerConfig.None : TokenizerConfig.Read(tokenizerConfig, "tokenizer_config.json");
        return new BytePairTokenizer(TokenizerJsonReader.Read(tokenizerJson, "tokenizer.json", config));
    }

    /// <summary>Loads a tokenizer from the lists of a GGUF file.</summary>
    /// <exception cref="TokenizerException">They do not fit each other or ask for something that is not supported.</exception>
    public static ITokenizer Load(TokenLists lists) => new BytePairTokenizer(TokenListReader.Read(lists));

    private static TokenizerParts ReadParts(string folder, TokenizerConfig config)
    {
        if (TryFind(folder, "tokenizer.json") is { } json)
        {
            using var stream = File.OpenRead(json);
            return TokenizerJsonReader.Read(stream, json, config);
        }

        if (TryFind(folder, "tokenizer.json.gz") is { } compressed)
        {
            using var stream = new GZipStream(File.OpenRead(compressed), CompressionMode.Decompress);
            return TokenizerJsonReader.Read(stream, compressed, config);
        }

        if (TryFind(folder, "vocab.json") is { } vocabulary && TryFind(folder, "merges.txt") is { } merges)
        {
            return MergesFileReader.Read(vocabulary, merges, config);
        }

        string[] rankFiles = TryFind(folder, "tiktoken.model") is { } ranks ? [ranks] : [.. Directory.EnumerateFiles(folder, "*.tiktoken").Order(StringComparer.Ordinal)];
        if (rankFiles.Length > 1)
        {
            throw new TokenizerException(folder, "*.tiktoken", $"must be one file, but are {rankFiles.Length}: {string.Join(", ", rankFiles.Select(Path.GetFileName))}");
        }

        if (rankFiles is [var rankFile])
        {
            return RankFileReader.Read(rankFile, config);
        }

        if (TryFind(folder, "tokenizer.model") is { } model)
        {
            return RankFileReader.Recognizes(model)
                ? RankFileReader.Read(model, config)
                : throw new TokenizerException(model, "the file", "is not a rank file; SentencePiece's binary models are supported only when converted to tokenizer.json");
        }

        throw new TokenizerException(folder, "the folder", "has no tokenizer.json, no vocab.json with merges.txt, no tiktoken.model, no *.tiktoken and no tokenizer.model");
    }

    private static string? TryFind(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        return File.Exists(path) ? path : null;
    }
}
