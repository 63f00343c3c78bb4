using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>Sampling as generation_config.json suggests it; null where it says nothing.</summary>
internal sealed record GenerationDefaults
{
    /// <summary>False: the makers suggest greedy decoding.</summary>
    public bool? DoSample { get; init; }

    /// <summary>0 to 100.</summary>
    public double? Temperature { get; init; }

    /// <summary>0 to 1.</summary>
    public double? TopP { get; init; }

    /// <summary>0 or more; 0: all tokens.</summary>
    public int? TopK { get; init; }

    /// <summary>0 to 1.</summary>
    public double? MinP { get; init; }

    /// <summary>Above 0; 1: no penalty.</summary>
    public double? RepetitionPenalty { get; init; }

    /// <summary>Reads the fields; all null where there is no such file.</summary>
    /// <exception cref="CheckpointException">A field is out of its range.</exception>
    public static GenerationDefaults Read(ModelConfigReader? file) => file is null ? new() : new()
    {
        DoSample = file.OptionalFlag("do_sample"),
        Temperature = file.OptionalNumber("temperature", 0, 100),
        TopP = file.OptionalNumber("top_p", 0, 1),
        TopK = file.OptionalInteger("top_k", least: 0),
        MinP = file.OptionalNumber("min_p", 0, 1),
        RepetitionPenalty = file.OptionalNumber("repetition_penalty", 1e-3, 1e3),
    };
}
