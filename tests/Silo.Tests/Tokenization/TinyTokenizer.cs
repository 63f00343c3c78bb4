using System.Text;
using System.Text.Json.Nodes;
using XLLM.Silo.Tokenization;

namespace XLLM.Silo.Tests.Tokenization;

/// <summary>Writes small tokenizer.json files: the 256 bytes (ids 0 to 255) or given characters, then one token per merge.</summary>
internal sealed class TinyTokenizer
{
    private readonly JsonObject _root;
    private readonly JsonObject _vocabulary = [];
    private readonly JsonArray _merges = [];
    private readonly JsonArray _added = [];

    private TinyTokenizer(JsonNode? preTokenizer, JsonNode? decoder)
    {
        Model = new() { ["type"] = "BPE", ["vocab"] = _vocabulary, ["merges"] = _merges };
        _root = new()
        {
            ["added_tokens"] = _added,
            ["normalizer"] = null,
            ["pre_tokenizer"] = preTokenizer,
            ["post_processor"] = null,
            ["decoder"] = decoder,
            ["model"] = Model,
        };
    }

    /// <summary>The file's <c>model</c>, for what has no method here.</summary>
    public JsonObject Model { get; }

    /// <summary>A byte-level tokenizer with GPT-2's pattern and no merges.</summary>
    public static TinyTokenizer ByteLevel(string preTokenizer = """{"type":"ByteLevel","add_prefix_space":false,"use_regex":true}""")
    {
        var tokenizer = new TinyTokenizer(JsonNode.Parse(preTokenizer), JsonNode.Parse("""{"type":"ByteLevel"}"""));
        for (var value = 0; value < 256; value++)
        {
            tokenizer._vocabulary.Add(ByteAlphabet.ToCharacter((byte)value).ToString(), value);
        }

        return tokenizer;
    }

    /// <summary>A SentencePiece-like tokenizer: unknown (0), the bytes as fallback tokens (1 to 256) if wanted, then the characters.</summary>
    public static TinyTokenizer Characters(string characters, bool bytes)
    {
        var tokenizer = new TinyTokenizer(
            preTokenizer: null,
            JsonNode.Parse("""{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}"""));
        tokenizer._vocabulary.Add("<unk>", 0);
        for (var value = 0; bytes && value < 256; value++)
        {
            tokenizer._vocabulary.Add($"<0x{value:X2}>", tokenizer._vocabulary.Count);
        }

        foreach (var rune in characters.EnumerateRunes())
        {
            tokenizer._vocabulary.Add(rune.ToString(), tokenizer._vocabulary.Count);
        }

        tokenizer.Model["unk_token"] = "<unk>";
        tokenizer.Model["byte_fallback"] = bytes;
        return tokenizer.With("normalizer", """{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]}""");
    }

    /// <summary>Adds a merge and its product, which takes the next id.</summary>
    public TinyTokenizer Merge(string left, string right)
    {
        _merges.Add((JsonNode)new JsonArray(left, right));
        if (!_vocabulary.ContainsKey(left + right))
        {
            _vocabulary.Add(left + right, _vocabulary.Count);
        }

        return this;
    }

    /// <summary>Adds a token of the vocabulary that no merge leads to.</summary>
    public TinyTokenizer Word(string written)
    {
        _vocabulary.Add(written, _vocabulary.Count);
        return this;
    }

    public TinyTokenizer Added(int id, string content, bool special = true, bool normalized = false, bool singleWord = false, bool left = false, bool right = false)
    {
        _added.Add((JsonNode)new JsonObject
        {
            ["id"] = id,
            ["content"] = content,
            ["special"] = special,
            ["normalized"] = normalized,
            ["single_word"] = singleWord,
            ["lstrip"] = left,
            ["rstrip"] = right,
        });
        return this;
    }

    /// <summary>Sets a part of the file.</summary>
    public TinyTokenizer With(string part, string json)
    {
        _root[part] = JsonNode.Parse(json);
        return this;
    }

    public string Json() => _root.ToJsonString();

    public ITokenizer Load() => TokenizerLoader.Load(new MemoryStream(Encoding.UTF8.GetBytes(Json())));
}
