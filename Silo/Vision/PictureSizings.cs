namespace XLLM.Silo.Vision;

/// <summary>Sizing rules by the name of the image processor in a checkpoint's settings. A new family is a class and a line here.</summary>
internal static class PictureSizings
{
    private static readonly QwenSizing Qwen = new();
    private static readonly GlmSizing Glm = new();

    // The reference has up to three variants of one processor, which differ in speed only.
    private static readonly string[] Variants = ["Fast", "Pil"];

    private static readonly Dictionary<string, IPictureSizing> ByProcessor = new(StringComparer.Ordinal)
    {
        ["Qwen2VLImageProcessor"] = Qwen,
        ["Qwen2_5_VLImageProcessor"] = Qwen,
        ["Qwen3VLImageProcessor"] = Qwen,
        ["Glm4vImageProcessor"] = Glm,
        ["Glm46VImageProcessor"] = Glm,
    };

    /// <summary>The names that are known, for messages.</summary>
    public static IEnumerable<string> Known => ByProcessor.Keys;

    /// <summary>The rule of an image processor, or null.</summary>
    public static IPictureSizing? Of(string processor)
    {
        foreach (var variant in Variants)
        {
            if (processor.EndsWith(variant, StringComparison.Ordinal))
            {
                processor = processor[..^variant.Length];
            }
        }

        return ByProcessor.GetValueOrDefault(processor);
    }
}
