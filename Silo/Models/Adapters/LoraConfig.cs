using XLLM.Silo.Weights;

namespace XLLM.Silo.Models.Adapters;

/// <summary>The fields of PEFT's <c>adapter_config.json</c> that change the computation. What would change it and is not supported is refused.</summary>
/// <param name="Rank">Columns between the two factors, where no pattern says otherwise.</param>
/// <param name="Alpha">Weight of the product, before it is divided by the rank or its root.</param>
/// <param name="RootScaled">Divide by the root of the rank (rsLoRA, arXiv:2312.03732), not by the rank.</param>
/// <param name="Targets">Last parts of the modules' names; empty where the file gives an expression or "all-linear".</param>
internal sealed record LoraConfig(int Rank, double Alpha, bool RootScaled, IReadOnlyList<string> Targets)
{
    private const int MostRank = 1 << 14;
    private const double MostAlpha = 1e6;

    /// <summary>Fields that say how an adapter was trained, where from, or what the tensors say again.</summary>
    private static readonly HashSet<string> Harmless = new(StringComparer.Ordinal)
    {
        "peft_type", "task_type", "base_model_name_or_path", "r", "lora_alpha", "lora_dropout", "use_rslora", "target_modules", "bias", "rank_pattern", "alpha_pattern",
        "inference_mode", "revision", "peft_version", "auto_mapping", "init_lora_weights", "layers_to_transform", "layers_pattern", "exclude_modules", "megatron_config",
        "megatron_core", "eva_config", "runtime_config", "ensure_weight_tying", "qalora_group_size",
    };

    /// <summary>Ways to begin training that change the base weights: such an adapter belongs to weights that are not the published ones.</summary>
    private static readonly string[] ChangedBases = ["pissa", "olora", "loftq", "corda"];

    private IReadOnlyDictionary<string, double> Ranks { get; init; } = new Dictionary<string, double>();

    private IReadOnlyDictionary<string, double> Alphas { get; init; } = new Dictionary<string, double>();

    /// <summary>Reads and checks the fields.</summary>
    /// <exception cref="CheckpointException">A field is missing or absurd, or (<see cref="UnsupportedModelException"/>) asks for what this build does not have.</exception>
    public static LoraConfig Read(ModelConfigReader file)
    {
        if (file.OptionalText("peft_type") is var type && type != "LORA")
        {
            throw file.Unsupported("peft_type", $"is \"{type}\"; supported: LORA");
        }

        if (file.OptionalText("bias") is { } bias and not "none")
        {
            throw file.Unsupported("bias", $"is \"{bias}\"; supported: none");
        }

        if (file.Names.FirstOrDefault(name => !Harmless.Contains(name) && !file.IsUnset(name)) is { } other)
        {
            throw file.Unsupported(other, "is set, and is not known to leave the computation as it is");
        }

        if (file.TextOrNull("init_lora_weights") is { } initial && ChangedBases.Any(way => initial.StartsWith(way, StringComparison.OrdinalIgnoreCase)))
        {
            throw file.Unsupported("init_lora_weights", $"is \"{initial}\", which changes the base weights; convert the adapter to a plain one first");
        }

        return new(
            file.Integer("r", most: MostRank),
            file.Number("lora_alpha", 0, MostAlpha),
            file.Flag("use_rslora", missing: false),
            file.TextOrNull("target_modules") is null ? file.Texts("target_modules") : [])
        {
            Ranks = ReadPattern(file, "rank_pattern", 1, MostRank),
            Alphas = ReadPattern(file, "alpha_pattern", 0, MostAlpha),
        };
    }

    /// <summary>Rank of a module.</summary>
    public int RankOf(string module) => (int)(Find(Ranks, module) ?? Rank);

    /// <summary>Factor on a module's product.</summary>
    public double ScaleOf(string module)
    {
        var rank = RankOf(module);
        return (Find(Alphas, module) ?? Alpha) / (RootScaled ? Math.Sqrt(rank) : rank);
    }

    /// <summary>PEFT takes the first pattern that is a module's name, or the end of it after a dot.</summary>
    private static double? Find(IReadOnlyDictionary<string, double> patterns, string module)
    {
        foreach (var (pattern, value) in patterns)
        {
            if (module == pattern || module.EndsWith($".{pattern}", StringComparison.Ordinal))
            {
                return value;
            }
        }

        return null;
    }

    private static Dictionary<string, double> ReadPattern(ModelConfigReader file, string field, double least, double most)
    {
        var patterns = new Dictionary<string, double>(StringComparer.Ordinal);
        if (file.Section(field) is not { } section)
        {
            return patterns;
        }

        foreach (var name in section.Names)
        {
            // PEFT reads them as expressions. Plain names are what tools write; an expression is not guessed at.
            if (name.Any(character => !char.IsAsciiLetterOrDigit(character) && character is not ('_' or '.' or '-')))
            {
                throw section.Unsupported(name, "is an expression; supported: names of modules or their ends");
            }

            patterns[name] = section.Number(name, least, most);
        }

        return patterns;
    }
}
