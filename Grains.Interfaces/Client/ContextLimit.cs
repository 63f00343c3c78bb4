using XLLM.Grains.Interfaces.Catalog;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>Whether prompt and answer fit a model's context. Pure. Nothing is ever cut to fit.</summary>
internal static class ContextLimit
{
    /// <summary>Checks.</summary>
    /// <param name="model">Its context bounds both together.</param>
    /// <param name="promptTokens">Tokens of the prompt.</param>
    /// <param name="maxTokens">Most tokens of the answer; 0: there is none; null: what is left, which must be at least one.</param>
    /// <param name="parameter">The field to name: <c>messages</c>, <c>prompt</c> or <c>input</c>.</param>
    /// <exception cref="RequestException">They do not fit; in the words of OpenAI, which clients match.</exception>
    public static void Check(ModelDescriptor model, int promptTokens, int? maxTokens, string parameter)
    {
        if (promptTokens + (long)(maxTokens ?? 1) <= model.MaxContext)
        {
            return;
        }

        var asked = maxTokens is { } answer and > 0
            ? $"you requested {promptTokens + (long)answer} tokens ({promptTokens} in the {parameter}, {answer} in the completion). Please reduce the length of the {parameter} or completion."
            : $"your {parameter} resulted in {promptTokens} tokens. Please reduce the length of the {parameter}.";
        throw new RequestException(
            RequestErrors.ContextLengthExceeded, $"This model's maximum context length is {model.MaxContext} tokens. However, {asked}", parameter);
    }
}
