namespace XLLM.Silo.Weights.Quantization;

/// <summary>Checkpoints of the compressed-tensors library (<c>quant_method: compressed-tensors</c>): groups of modules, each with a scheme.</summary>
/// <remarks>
/// What an <c>input_activations</c> entry asks for (activations rounded as well, for the sake of int8 or FP8 instructions) is not done: activations stay F32,
/// which is closer to the model that was quantized. Source: the library's published description of its formats, and its checkpoints.
/// </remarks>
internal sealed class CompressedTensors : IQuantization
{
    private readonly IReadOnlyList<(IReadOnlyList<string> Targets, IWeightScheme Scheme)> _groups;
    private readonly IReadOnlyList<string> _ignored;

    private CompressedTensors(IReadOnlyList<(IReadOnlyList<string>, IWeightScheme)> groups, IReadOnlyList<string> ignored) => (_groups, _ignored) = (groups, ignored);

    /// <summary>Reads the section.</summary>
    public static CompressedTensors Read(ModelConfigReader section)
    {
        var groups = section.Section("config_groups") ?? throw section.Fault("config_groups", "is missing; expected an object of groups");
        var read = new List<(IReadOnlyList<string>, IWeightScheme)>();
        foreach (var name in groups.Names)
        {
            var group = groups.Section(name) ?? throw groups.Fault(name, "is null; expected an object");
            if (group.Section("weights") is { } weights)
            {
                var format = group.OptionalText("format") ?? section.OptionalText("format") ?? "an unnamed format";
                read.Add((ModuleNames.Check(group, "targets"), Scheme(section, format, CompressedWeights.Read(weights))));
            }
        }

        return new(read, ModuleNames.Check(section, "ignore"));
    }

    /// <inheritdoc/>
    public IWeightScheme SchemeOf(WeightParts parts)
    {
        var isQuantized = parts.AreMade
            ? !ModuleNames.IsUsuallyDense(parts.Module) && !ModuleNames.Contain(_ignored, parts.Module)
            : parts.Has("weight_scale");
        if (!isQuantized)
        {
            return DenseScheme.Instance;
        }

        // A target is a class of modules ("Linear") or names; the names are more particular.
        var scheme = _groups.FirstOrDefault(group => ModuleNames.Contain(group.Targets, parts.Module)).Scheme
            ?? _groups.FirstOrDefault(group => group.Targets.Contains("Linear")).Scheme;
        return scheme ?? throw parts.Fault("has a weight_scale, but no group of quantization_config.config_groups has it among its targets");
    }

    private static IWeightScheme Scheme(ModelConfigReader section, string format, CompressedWeights weights) => format switch
    {
        "int-quantized" or "float-quantized" or "naive-quantized" => new PlainCodesScheme(weights),
        "pack-quantized" when !weights.IsFloat => new PackedCodesScheme(weights),
        _ => throw section.Unsupported("format", $"is \"{format}\"; supported: int-quantized, float-quantized, naive-quantized, pack-quantized (of integers)"),
    };
}
