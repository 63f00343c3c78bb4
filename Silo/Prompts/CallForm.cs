namespace XLLM.Silo.Prompts;

/// <summary>How a message with calls of tools is given to a template. Families disagree, and no file says which form a template was written for.</summary>
/// <param name="TextArguments">Arguments as the text that the model wrote (DeepSeek-V3 and R1 join it to other text), not as the object in it.</param>
/// <param name="EmptyContent">A missing content as an empty text (Qwen2-VL, Qwen3 and QwQ look into it), not as none (which DeepSeek-V3 tells a call by).</param>
internal readonly record struct CallForm(bool TextArguments, bool EmptyContent)
{
    /// <summary>Every form, in the order in which they are tried: first what transformers documents.</summary>
    public static IReadOnlyList<CallForm> All { get; } = [default, new(TextArguments: true, EmptyContent: false), new(TextArguments: false, EmptyContent: true), new(TextArguments: true, EmptyContent: true)];
}
