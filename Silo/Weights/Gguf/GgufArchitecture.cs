namespace XLLM.Silo.Weights.Gguf;

/// <summary>What a GGUF architecture is called in config.json, and where its conversion changed more than names.</summary>
/// <param name="Name">Value of <c>general.architecture</c>, and prefix of its keys.</param>
/// <param name="ClassName">Entry of <c>architectures</c>.</param>
/// <param name="PairsRotaryRows">The rows of the query and key projections were put so that rotary pairs are neighbours; here they are half a head apart.</param>
internal sealed record GgufArchitecture(string Name, string ClassName, bool PairsRotaryRows)
{
    /// <summary>A new architecture is a line here, if its tensors have names of <see cref="GgufNames"/>.</summary>
    private static readonly GgufArchitecture[] All =
    [
        new("llama", "LlamaForCausalLM", PairsRotaryRows: true),
        new("qwen2", "Qwen2ForCausalLM", PairsRotaryRows: false),
        new("qwen3", "Qwen3ForCausalLM", PairsRotaryRows: false),
    ];

    /// <summary>The architecture of a file.</summary>
    /// <exception cref="UnsupportedModelException">Not one of those above; the message lists them.</exception>
    public static GgufArchitecture Of(GgufMetadata metadata)
    {
        const string Key = "general.architecture";
        var name = metadata.Text(Key) ?? throw metadata.Fault(Key, "is missing");
        return Array.Find(All, architecture => architecture.Name == name)
            ?? throw metadata.Unsupported(Key, $"is {GgufCursor.Quoted(name)}: not supported; supported: {string.Join(", ", All.Select(architecture => architecture.Name))}");
    }
}
