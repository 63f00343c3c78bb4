using System.Text;
using System.Text.Json.Nodes;
using XLLM.NativeBackends.Reference;
using XLLM.Silo.Hosting;
using XLLM.Silo.Hosting.Checking;
using XLLM.Silo.Models;
using XLLM.Silo.Models.Adapters;
using XLLM.Silo.Templates;
using XLLM.Silo.Tests.Models;
using XLLM.Silo.Tests.Tokenization;
using XLLM.Silo.Tokenization;
using XLLM.Silo.Weights;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Weights;

/// <summary>Damaged model folders end in a model or in an error of the reader's own kind: never in another exception, and never in an allocation that the file has made up.</summary>
public sealed class ModelFolderFuzzTests : IDisposable
{
    private const int Rounds = 700;

    /// <summary>What a reader may take on a damaged file of a few hundred kilobytes; a size that the file made up is far beyond.</summary>
    private const long MostBytesPerRound = 64L << 20;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, int> Families => new()
    {
        { "llama", 1 }, { "qwen3 experts", 2 }, { "glm4 experts", 3 }, { "deepseek v3", 4 }, { "deepseek v3.2", 5 },
    };

    public static TheoryData<int> Seeds => [1, 2, 3, 4];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Families))]
    public void DamagedConfigurations_LoadOrAreRefused(string family, int seed)
    {
        var random = new Random(seed);
        var tiny = Tiny(family);
        tiny.Write(_folder.Path);
        using var backend = new ReferenceBackend();
        var (loaded, refused) = (0, 0);
        for (var round = 0; round < Rounds; round++)
        {
            var config = random.Next(4) == 0 ? MutateBytes(tiny.Config.ToJsonString(), random) : Encoding.UTF8.GetBytes(MutateFields(tiny.Config, random).ToJsonString());
            File.WriteAllBytes(_folder.File("config.json"), config);
            Bounded($"{family}, round {round}: {Encoding.UTF8.GetString(config)}", () =>
            {
                try
                {
                    ModelLoader.Load(_folder.Path, backend, new ModelLoadOptions());
                    loaded++;
                }
                catch (CheckpointException exception)
                {
                    Assert.NotEmpty(exception.Message);
                    refused++;
                }

                ModelReport.Write(_folder.Path, new SiloOptions(), 1 << 30, TimeProvider.System, TextWriter.Null);
            });
        }

        Assert.True(loaded > 20 && refused > 20, $"{loaded} loaded, {refused} refused: the mutations do not try both");
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void DamagedWeights_LoadOrAreRefused(int seed)
    {
        var random = new Random(seed);
        TinyModel.Qwen3().Write(_folder.Path, seed);
        var whole = File.ReadAllBytes(_folder.File("model.safetensors"));
        using var backend = new ReferenceBackend();
        var (loaded, refused) = (0, 0);
        for (var round = 0; round < Rounds; round++)
        {
            // A new name each time: the file before may still be mapped.
            var name = _folder.File($"{round}");
            Directory.CreateDirectory(name);
            File.Copy(_folder.File("config.json"), Path.Combine(name, "config.json"));
            File.WriteAllBytes(Path.Combine(name, "model.safetensors"), MutateFile(whole, random));
            Bounded($"seed {seed}, round {round}", () =>
            {
                try
                {
                    ModelLoader.Load(name, backend, new ModelLoadOptions());
                    loaded++;
                }
                catch (CheckpointException)
                {
                    refused++;
                }

                _ = ModelSurvey.Run(name, new ModelLoadOptions());
            });
        }

        Assert.True(loaded > 20 && refused > 20, $"{loaded} loaded, {refused} refused: the mutations do not try both");
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void DamagedShardIndexes_LoadOrAreRefused(int seed)
    {
        var random = new Random(seed);
        TinyModel.Llama().Write(_folder.Path);
        File.Move(_folder.File("model.safetensors"), _folder.File("a.safetensors"));
        var index = new JsonObject { ["metadata"] = new JsonObject { ["total_size"] = 1 }, ["weight_map"] = new JsonObject(TinyModel.Llama().Shapes.Keys.Select(name => KeyValuePair.Create<string, JsonNode?>(name, "a.safetensors"))) };
        for (var round = 0; round < Rounds; round++)
        {
            File.WriteAllBytes(_folder.File("model.safetensors.index.json"), MutateBytes(index.ToJsonString(), random));
            Bounded($"seed {seed}, round {round}", () =>
            {
                try
                {
                    Assert.NotEmpty(SafetensorsSource.Open(_folder.Path).Names!);
                }
                catch (CheckpointException exception)
                {
                    Assert.NotEmpty(exception.Message);
                }
            });
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void DamagedTokenizers_LoadOrAreRefused_AndThenEncodeAndDecode(int seed)
    {
        var random = new Random(seed);
        string[] kinds =
        [
            TinyTokenizer.ByteLevel().Merge("a", "b").Merge("ab", "c").Added(300, "<s>").Json(),
            TinyTokenizer.Characters("▁abcdé", bytes: true).Json(),
            TinyTokenizer.ByteLevel("""{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"\\p{L}+|\\p{N}{1,3}|[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"},"behavior":"Isolated","invert":false},{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}]}""").Merge("t", "h").Json(),
        ];
        var (loaded, refused) = (0, 0);
        for (var round = 0; round < Rounds; round++)
        {
            var kind = kinds[random.Next(kinds.Length)];
            var text = random.Next(2) == 0 ? MutateBytes(kind, random) : Encoding.UTF8.GetBytes(MutateFields(JsonNode.Parse(kind)!.AsObject(), random).ToJsonString());
            File.WriteAllBytes(_folder.File("tokenizer.json"), text);
            File.WriteAllBytes(_folder.File("tokenizer_config.json"), random.Next(2) == 0
                ? MutateBytes("""{"bos_token":"<s>","eos_token":{"content":"<s>"},"add_bos_token":true,"tokenizer_class":"LlamaTokenizerFast","added_tokens_decoder":{"300":{"content":"<s>","special":true}},"chat_template":"{{ messages[0].content }}"}""", random)
                : "{}"u8.ToArray());
            Bounded($"seed {seed}, round {round}: {Encoding.UTF8.GetString(text)}", () =>
            {
                try
                {
                    var tokenizer = TokenizerLoader.Load(_folder.Path);
                    loaded++;
                    var ids = tokenizer.Encode("abc thé <s> 12345\n\ud800", addSpecialTokens: true);
                    Assert.NotNull(IncrementalDecoder.Decode(tokenizer, ids, skipSpecialTokens: false));
                    Assert.NotNull(IncrementalDecoder.Decode(tokenizer, [0, 1, 299, int.MaxValue, .. ids], skipSpecialTokens: true));
                }
                catch (TokenizerException exception)
                {
                    Assert.NotEmpty(exception.Message);
                    refused++;
                }

                _ = TextSurvey.Run(_folder.Path, null, TimeProvider.System);
                try
                {
                    ChatTemplateLoader.ReadSpecialTokens(_folder.Path);
                    ChatTemplateLoader.Load(_folder.Path);
                }
                catch (ChatTemplateException exception)
                {
                    Assert.NotEmpty(exception.Message);
                }
            });
        }

        Assert.True(loaded > 20 && refused > 20, $"{loaded} loaded, {refused} refused: the mutations do not try both");
    }

    [Fact]
    public void TheDemoTokenizer_DamagedAnywhere_LoadsOrIsRefused()
    {
        var random = new Random(5);
        var whole = File.ReadAllText(Path.Combine(Paths.DemoModel, "tokenizer.json"));
        for (var round = 0; round < 60; round++)
        {
            File.WriteAllBytes(_folder.File("tokenizer.json"), MutateBytes(whole, random));
            Bounded($"round {round}", () =>
            {
                try
                {
                    Assert.NotEmpty(TokenizerLoader.Load(_folder.Path).Encode("What is the capital of Japan?", addSpecialTokens: true));
                }
                catch (TokenizerException exception)
                {
                    Assert.NotEmpty(exception.Message);
                }
            });
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void DamagedAdapters_LoadOrAreRefused(int seed)
    {
        var random = new Random(seed);
        var config = new JsonObject
        {
            ["peft_type"] = "LORA", ["r"] = 2, ["lora_alpha"] = 4, ["bias"] = "none", ["target_modules"] = new JsonArray("q_proj"), ["rank_pattern"] = new JsonObject { ["q_proj"] = 2 }, ["use_rslora"] = true,
        };
        var weights = new SafetensorsBuilder()
            .AddRandom(new Random(1), "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight", 2, 24)
            .AddRandom(new Random(2), "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight", 32, 2).Build();
        var (loaded, refused) = (0, 0);
        for (var round = 0; round < Rounds; round++)
        {
            var name = _folder.File($"{round}");
            Directory.CreateDirectory(name);
            File.WriteAllText(Path.Combine(name, "adapter_config.json"), random.Next(2) == 0 ? config.ToJsonString() : MutateFields(config, random).ToJsonString());
            File.WriteAllBytes(Path.Combine(name, "adapter_model.safetensors"), random.Next(2) == 0 ? weights : MutateFile(weights, random));
            Bounded($"seed {seed}, round {round}", () =>
            {
                try
                {
                    Assert.NotEmpty(LoraAdapter.Read(name).Products);
                    loaded++;
                }
                catch (CheckpointException exception)
                {
                    Assert.NotEmpty(exception.Message);
                    refused++;
                }
            });
        }

        Assert.True(loaded > 100 && refused > 100, $"{loaded} loaded, {refused} refused: the mutations do not try both");
    }

    /// <summary>Runs a round; what it may not do becomes a failure that names the round.</summary>
    private static void Bounded(string what, Action action)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            action();
        }
        catch (Exception exception) when (exception is not Xunit.Sdk.XunitException)
        {
            Assert.Fail($"{what}\n{exception}");
        }

        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < MostBytesPerRound, $"{what}: {GC.GetAllocatedBytesForCurrentThread() - before} bytes");
    }

    private static TinyModel Tiny(string family) => family switch
    {
        "llama" => TinyModel.Llama().With("rope_scaling", JsonNode.Parse("""{"rope_type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":64}""")),
        "qwen3 experts" => TinyModel.Qwen3Experts(),
        "glm4 experts" => TinyModel.Glm4Experts(headNorms: true, bias: true),
        "deepseek v3" => TinyModel.Latent("DeepseekV3ForCausalLM", 14, bias: true, shared: 1, []).With("rope_scaling", JsonNode.Parse("""{"type":"yarn","factor":4,"original_max_position_embeddings":64,"mscale":1,"mscale_all_dim":1}""")),
        "deepseek v3.2" => TinyModel.Sparse("DeepseekV32ForCausalLM", most: 4),
        _ => throw new ArgumentOutOfRangeException(nameof(family), family, "no such family"),
    };

    /// <summary>Changes one to three fields, at any depth, to something that JSON allows.</summary>
    private static JsonObject MutateFields(JsonObject source, Random random)
    {
        var copy = source.DeepClone().AsObject();
        for (var times = random.Next(1, 4); times > 0 && copy.Count > 0; times--)
        {
            var at = copy;
            while (at.Select(pair => pair.Value).OfType<JsonObject>().Where(child => child.Count > 0).ToArray() is { Length: > 0 } children && random.Next(2) == 0)
            {
                at = children[random.Next(children.Length)];
            }

            var key = at.ElementAt(random.Next(at.Count)).Key;
            if (random.Next(6) == 0)
            {
                at.Remove(key);
            }
            else
            {
                at[key] = Value(random, at[key]);
            }
        }

        return copy;
    }

    private static JsonNode? Value(Random random, JsonNode? before) => random.Next(14) switch
    {
        0 => null,
        1 => 0,
        2 => -1,
        3 => int.MaxValue,
        4 => 1e300,
        5 => 0.5,
        6 => "",
        7 => "text",
        8 => new JsonArray(),
        9 => new JsonArray(1, "a", null),
        10 => new JsonObject(),
        11 => true,
        12 => random.Next(1, 5),
        _ => before is JsonValue value && value.TryGetValue<int>(out var number) ? number + random.Next(-3, 4) : 1 << random.Next(31),
    };

    /// <summary>Changes a text near JSON: mutations that keep it so go deepest.</summary>
    private static byte[] MutateBytes(string source, Random random)
    {
        const string Alphabet = "0123456789-{}[]\",:eE.+\\u truefalsnp\0é";
        var text = new StringBuilder(source);
        for (var times = random.Next(1, 5); times > 0 && text.Length > 0; times--)
        {
            var at = random.Next(text.Length);
            switch (random.Next(5))
            {
                case 0: text[at] = Alphabet[random.Next(Alphabet.Length)]; break;
                case 1: text.Insert(at, Alphabet[random.Next(Alphabet.Length)]); break;
                case 2: text.Remove(at, Math.Min(text.Length - at, random.Next(1, 20))); break;
                case 3: text.Insert(at, text.ToString(at, Math.Min(text.Length - at, random.Next(1, 30)))); break;
                default: text[at] = (char)random.Next(1, 128); break;
            }
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>Changes bytes of a safetensors file, more often in its header than in its data; cuts it; puts NaN into it.</summary>
    private static byte[] MutateFile(byte[] source, Random random)
    {
        var file = (byte[])source.Clone();
        var header = 8 + BitConverter.ToInt32(source);
        switch (random.Next(6))
        {
            case 0:
                return file[..random.Next(file.Length)];
            case 1:
                BitConverter.GetBytes(random.NextInt64()).CopyTo(file, 0);
                return file;
            case 2:
                BitConverter.GetBytes(float.NaN).CopyTo(file, header + (random.Next((file.Length - header) / 4) * 4));
                return file;
            case 3:
                file[header + random.Next(file.Length - header)] ^= (byte)(1 << random.Next(8));
                return file;
            default:
                for (var times = random.Next(1, 3); times > 0; times--)
                {
                    file[8 + random.Next(header - 8)] = (byte)"0123456789-{}[]\",:ABFI "[random.Next(23)];
                }

                return file;
        }
    }
}
