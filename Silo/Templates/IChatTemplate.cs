using System.Text.Json.Nodes;

namespace XLLM.Silo.Templates;

/// <summary>A model's chat template: variables in, prompt text out. Thread-safe and sandboxed: no file, no reflection, bounded loops and output.</summary>
internal interface IChatTemplate
{
    /// <summary>Its text; of several templates, all of them. Tells which syntax the model writes.</summary>
    string Source { get; }

    /// <summary>Renders the template.</summary>
    /// <param name="variables">Every property is a variable of the template: <c>messages</c>, <c>tools</c>, <c>add_generation_prompt</c>, <c>bos_token</c>, ... Property order is kept, since <c>tojson</c> and loops show it.</param>
    /// <param name="clock">Answers <c>strftime_now</c>.</param>
    /// <exception cref="ChatTemplateException">The template raised, used something that does not exist, or exceeded a bound; the message is for the caller.</exception>
    string Render(JsonObject variables, TimeProvider clock);
}

/// <summary>Why a template gave no prompt: it called <c>raise_exception</c>, has an error, or exceeded a bound.</summary>
internal sealed class ChatTemplateException(string message, Exception? inner = null) : Exception(message, inner);
