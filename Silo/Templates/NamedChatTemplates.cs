using System.Text.Json.Nodes;

namespace XLLM.Silo.Templates;

/// <summary>Several templates of one model: <c>tool_use</c> when tools are given, else <c>default</c>, as transformers chooses.</summary>
internal sealed class NamedChatTemplates(IReadOnlyDictionary<string, ChatTemplate> templates) : IChatTemplate
{
    /// <inheritdoc/>
    public string Source { get; } = string.Join('\n', templates.Values.Select(template => template.Source));

    /// <inheritdoc/>
    public string Render(JsonObject variables, TimeProvider clock)
    {
        var hasTools = variables.TryGetPropertyValue("tools", out var tools) && tools is not null;
        if ((hasTools && templates.TryGetValue("tool_use", out var template)) || templates.TryGetValue("default", out template))
        {
            return template.Render(variables, clock);
        }

        throw new ChatTemplateException($"the model has several chat templates ({string.Join(", ", templates.Keys)}) but none named default");
    }
}
