using System.Text;
using XLLM.Grains.Interfaces.Chat;

namespace XLLM.Grains.Responses;

/// <summary>Joins a turn's events to the assistant's message. Pure; one per turn.</summary>
internal sealed class AnswerBuilder
{
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _reasoning = new();
    private readonly List<(string Id, string Name, StringBuilder Arguments)> _calls = [];

    /// <summary>Takes an event in.</summary>
    public void Add(ChatEvent next)
    {
        switch (next)
        {
            case ContentDelta content:
                _text.Append(content.Text);
                break;
            case ReasoningDelta reasoning:
                _reasoning.Append(reasoning.Text);
                break;
            case ToolCallDelta call:
                if (call.Id is not null)
                {
                    _calls.Add((call.Id, call.Name ?? "", new StringBuilder()));
                }

                _calls[^1].Arguments.Append(call.Arguments);
                break;
        }
    }

    /// <summary>The message so far.</summary>
    public ChatMessage Build() => new()
    {
        Role = "assistant",
        Content = _text.Length > 0 || _calls.Count == 0 ? [new ContentPart { Type = "text", Text = _text.ToString() }] : [],
        Reasoning = _reasoning.Length > 0 ? _reasoning.ToString() : null,
        ToolCalls = [.. _calls.Select(call => new ToolCall(call.Id, call.Name, call.Arguments.ToString()))],
    };

    /// <summary>The message so far as the continuation of <paramref name="begun"/>.</summary>
    public ChatMessage Continue(ChatMessage begun)
    {
        var added = Build();
        return begun with
        {
            Content = [new ContentPart { Type = "text", Text = begun.Text + added.Text }],
            Reasoning = begun.Reasoning is null && added.Reasoning is null ? null : begun.Reasoning + added.Reasoning,
            ToolCalls = [.. begun.ToolCalls, .. added.ToolCalls],
        };
    }
}
