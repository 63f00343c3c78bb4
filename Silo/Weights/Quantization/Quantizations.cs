namespace XLLM.Silo.Weights.Quantization;

/// <summary><c>quantization_config.quant_method</c> to what reads such checkpoints. A new method is one line here.</summary>
internal static class Quantizations
{
    private static readonly Dictionary<string, Func<ModelConfigReader, IQuantization>> Methods = new(StringComparer.Ordinal)
    {
        ["fp8"] = Fp8Quantization.Read,
        ["compressed-tensors"] = CompressedTensors.Read,
        ["gptq"] = GptqQuantization.Read,
        ["awq"] = AwqQuantization.Read,
    };

    /// <summary>Reads how a checkpoint is quantized.</summary>
    /// <param name="config">config.json.</param>
    /// <returns>Plain floats where it does not say.</returns>
    /// <exception cref="UnsupportedModelException">By a method, or with an option, that this build does not have.</exception>
    /// <exception cref="CheckpointException">A field is missing or out of its range.</exception>
    public static IQuantization Of(ModelConfigReader config)
    {
        if ((config.Section("quantization_config") ?? config.Section("compression_config")) is not { } section)
        {
            return DenseScheme.Instance;
        }

        var method = section.OptionalText("quant_method") ?? "an unnamed method";
        return Methods.TryGetValue(method, out var read)
            ? read(section)
            : throw section.Unsupported("quant_method", $"is \"{method}\": not supported; supported: {string.Join(", ", Methods.Keys)}");
    }
}
