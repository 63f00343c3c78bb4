using System.IO.Hashing;
using System.Text;
using XLLM.Grains.Interfaces.Chat;

namespace XLLM.Grains.Interfaces.Parsing;

/// <summary>Joins what the stages say into as few events as possible: one per kind and push. Numbers and names the tool calls.</summary>
/// <param name="requestId">Call ids are made from it, so that a generation that was resumed elsewhere gives the same ids.</param>
/// <param name="maxCalls">Calls after this many are read and left out (OpenAI's <c>parallel_tool_calls: false</c> is 1).</param>
internal sealed class ChatEventWriter(string requestId, int maxCalls)
{
    private readonly StringBuilder _text = new();
    private Kind _kind;
    private string? _callId;
    private string? _callName;
    private int _begun;

    private enum Kind
    {
        None,
        Content,
        Reasoning,
        Call,
    }

    /// <summary>Where events go during the current push.</summary>
    public ICollection<ChatEvent> Events { get; set; } = [];

    /// <summary>Calls written, those left out not counted.</summary>
    public int Calls => Math.Min(_begun, maxCalls);

    /// <summary>More of the answer.</summary>
    public void Content(ReadOnlySpan<char> text) => Append(Kind.Content, text);

    /// <summary>More of the reasoning.</summary>
    public void Reasoning(ReadOnlySpan<char> text) => Append(Kind.Reasoning, text);

    /// <summary>A call begins; its arguments follow.</summary>
    /// <param name="name">The function's name.</param>
    /// <param name="id">The id that the model gave the call; null: one is made.</param>
    public void BeginCall(string name, string? id = null)
    {
        Flush();
        _begun++;
        if (_begun <= maxCalls)
        {
            _kind = Kind.Call;
            _callId = id ?? CallId(requestId, _begun - 1);
            _callName = name;
        }
    }

    /// <summary>More argument text of the call begun last.</summary>
    public void Arguments(ReadOnlySpan<char> text)
    {
        if (_begun <= maxCalls)
        {
            Append(Kind.Call, text);
        }
    }

    /// <summary>Writes what is still joined up.</summary>
    public void Flush()
    {
        switch (_kind)
        {
            case Kind.Content when _text.Length > 0:
                Events.Add(new ContentDelta(_text.ToString()));
                break;
            case Kind.Reasoning when _text.Length > 0:
                Events.Add(new ReasoningDelta(_text.ToString()));
                break;
            case Kind.Call when _text.Length > 0 || _callName is not null:
                Events.Add(new ToolCallDelta(_begun - 1, _callId, _callName, _text.ToString()));
                break;
        }

        _text.Clear();
        _kind = Kind.None;
        _callId = _callName = null;
    }

    /// <summary>"call_" and 24 hexadecimal digits: as long as OpenAI's, and the same wherever the generation runs.</summary>
    private static string CallId(string requestId, int index) =>
        "call_" + Convert.ToHexStringLower(XxHash128.Hash(Encoding.UTF8.GetBytes($"{requestId}/{index}")))[..24];

    private void Append(Kind kind, ReadOnlySpan<char> text)
    {
        if (text.IsEmpty)
        {
            return;
        }

        if (_kind != kind)
        {
            Flush();
            _kind = kind;
        }

        _text.Append(text);
    }
}
