using System.Text;
using XLLM.Silo.Tokenization.PreTokenization;

namespace XLLM.Silo.Tokenization.Formats;

/// <summary>Reads tokenizer.json with a byte-pair model, byte-level or SentencePiece-like.</summary>
internal static class TokenizerJsonReader
{
    /// <summary>SentencePiece's mark for a space.</summary>
    private const char SpaceMark = '\u2581';

    /// <param name="file">The stream's name, for errors.</param>
    /// <exception cref="TokenizerException">The file is damaged or asks for something that is not supported.</exception>
    public static TokenizerParts Read(Stream stream, string file, TokenizerConfig config)
    {
        using var document = Json.Parse(stream, file);
        var root = JsonField.Root(file, document.RootElement);
        var model = root.Get("model");
        CheckModel(model);

        var steps = PreTokenizerReader.Read(root.TryGet("pre_tokenizer"), out var isByteLevel, out var inByteAlphabet);
        var decoding = TokenDecoding.Read(root.TryGet("decoder"), isByteLevel);
        var names = ReadNames(model.Get("vocab"));
        var builder = new VocabularyBuilder();
        foreach (var (written, id) in names)
        {
            if (builder.TrySet(id, decoding.Decode(written)) is { } problem)
            {
                throw model.Get("vocab").Fault($"\"{written}\": {problem}");
            }
        }

        var addedTokens = ReadAddedTokens(root, config);
        var vocabulary = builder.Build(file, addedTokens, decoding.DecodeAdded);
        var merges = ReadMerges(model, names, out var someSpanSpace);
        var wholeWordsFirst = model.Boolean("ignore_merges");
        if (!isByteLevel && steps.Count == 0 && !someSpanSpace && !wholeWordsFirst && names.ContainsKey(SpaceMark.ToString()))
        {
            steps = [new WordStartStep(SpaceMark)];
        }

        return new()
        {
            Source = file,
            Vocabulary = vocabulary,
            Words = isByteLevel
                ? ByteLevel(vocabulary, names, merges, wholeWordsFirst, inByteAlphabet)
                : Characters(model, names, merges, wholeWordsFirst),
            Normalizer = NormalizerReader.Read(root.TryGet("normalizer")),
            Steps = steps,
            AddedTokens = addedTokens,
            Frame = FrameOf(root, config, addedTokens),
            StripsLeadingSpace = decoding.StripsLeadingSpace,
        };
    }

    private static void CheckModel(JsonField model)
    {
        // The oldest files leave the type out; only the byte-pair model has merges.
        if (model.TryGet("type") is { } type && type.AsString() != "BPE")
        {
            throw type.Fault($"the model {type.AsString()} is not supported, only BPE is");
        }

        foreach (var affix in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (model.TryString(affix) is { Length: > 0 } text)
            {
                throw model.Get(affix).Fault($"\"{text}\": marks inside words are not supported");
            }
        }

        if (model.TryGet("dropout") is { } dropout && !(dropout.Kind is System.Text.Json.JsonValueKind.Number && dropout.IsZero()))
        {
            throw dropout.Fault("dropout belongs to training and is not supported");
        }
    }

    private static Dictionary<string, int> ReadNames(JsonField vocabulary)
    {
        var names = new Dictionary<string, int>(vocabulary.Kind is System.Text.Json.JsonValueKind.Object ? vocabulary.Count : 0);
        foreach (var (written, id) in vocabulary.Members())
        {
            names[written] = id.AsInteger();
        }

        return names.Count > 0 ? names : throw vocabulary.Fault("the vocabulary is empty");
    }

    /// <summary>The file's added tokens, and those of the companion that the file lacks.</summary>
    private static List<AddedToken> ReadAddedTokens(JsonField root, TokenizerConfig config)
    {
        var tokens = new List<AddedToken>();
        foreach (var field in root.TryGet("added_tokens")?.Items() ?? [])
        {
            tokens.Add(TokenizerConfig.ReadAddedToken(field, field.Get("id").AsInteger()));
        }

        var ids = tokens.Select(token => token.Id).ToHashSet();
        var contents = tokens.Select(token => token.Content).ToHashSet();
        tokens.AddRange(config.AddedTokens.Where(token => ids.Add(token.Id) && contents.Add(token.Content)));
        return tokens;
    }

    private static MergeTable ReadMerges(JsonField model, Dictionary<string, int> names, out bool someSpanSpace)
    {
        var field = model.Get("merges");
        var table = new MergeTable(field.Kind is System.Text.Json.JsonValueKind.Array ? field.Count : 0);
        someSpanSpace = false;
        var rank = 0;
        foreach (var merge in field.Items())
        {
            var (left, right) = ReadMerge(merge);
            var product = left + right;
            table.Add(Id(left), Id(right), rank++, Id(product));
            someSpanSpace |= WordStartStep.Spans(product, SpaceMark);

            int Id(string written) => names.TryGetValue(written, out var id)
                ? id
                : throw merge.Fault($"\"{left}\" and \"{right}\" merge, but \"{written}\" is not in the vocabulary");
        }

        return table;
    }

    /// <summary>A merge is a pair of texts or, in older files, one text with a space between.</summary>
    private static (string Left, string Right) ReadMerge(JsonField merge)
    {
        if (merge.Kind is System.Text.Json.JsonValueKind.Array)
        {
            return merge.Items().ToArray() is [var first, var second]
                ? (first.AsString(), second.AsString())
                : throw merge.Fault($"must have 2 parts, but has {merge.Count}");
        }

        return merge.AsString().Split(' ') is [var left, var right]
            ? (left, right)
            : throw merge.Fault($"\"{merge.AsString()}\" must have 2 parts with one space between");
    }

    private static ByteLevelWordEncoder ByteLevel(
        Vocabulary vocabulary,
        Dictionary<string, int> names,
        MergeTable merges,
        bool wholeWordsFirst,
        bool inByteAlphabet)
    {
        var ids = new List<int>(names.Count);
        var odd = new Dictionary<string, int>();
        foreach (var (written, id) in names)
        {
            if (ByteAlphabet.TryParse(written) is not null)
            {
                ids.Add(id);
            }
            else
            {
                odd.Add(written, id);
            }
        }

        return new(new(vocabulary, ids), merges, wholeWordsFirst, inByteAlphabet, namesInByteAlphabet: true, odd);
    }

    private static CharacterWordEncoder Characters(JsonField model, Dictionary<string, int> names, MergeTable merges, bool wholeWordsFirst)
    {
        int? unknown = null;
        if (model.TryGet("unk_token") is { } field)
        {
            unknown = names.TryGetValue(field.AsString(), out var id) ? id : throw field.Fault($"\"{field.AsString()}\" is not in the vocabulary");
        }

        int[]? byteTokens = null;
        if (model.Boolean("byte_fallback"))
        {
            byteTokens = new int[256];
            Array.Fill(byteTokens, -1);
            foreach (var (written, id) in names)
            {
                if (TokenDecoding.TryParseByte(written) is { } value)
                {
                    byteTokens[value] = id;
                }
            }
        }

        return new(names, merges, byteTokens, unknown, model.Boolean("fuse_unk"), wholeWordsFirst);
    }

    /// <summary>
    /// The post-processor's frame, except for the original's Llama and Gemma classes: these build the frame anew from the companion's
    /// <c>add_bos_token</c> and <c>add_eos_token</c> whatever the file says.
    /// </summary>
    private static TokenFrame FrameOf(JsonField root, TokenizerConfig config, List<AddedToken> addedTokens)
    {
        var frame = PostProcessorReader.Read(root.TryGet("post_processor"));
        var rebuilds = config.TokenizerClass is "LlamaTokenizer" or "LlamaTokenizerFast" or "GemmaTokenizer" or "GemmaTokenizerFast";
        return rebuilds && (config.AddsBegin ?? config.AddsEnd) is not null ? config.Frame(addedTokens) : frame;
    }
}
