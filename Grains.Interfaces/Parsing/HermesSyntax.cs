using System.Text;

namespace XLLM.Grains.Interfaces.Parsing;

/// <summary><c>&lt;tool_call&gt;{"name": "f", "arguments": {...}}&lt;/tool_call&gt;</c>, any number of times, with text around: Hermes, Qwen2.5, Qwen3.</summary>
/// <remarks>
/// Arguments stream once the name is known. What only looked like a call is given back as text, whole, unless its arguments have been shown already:
/// then just what follows them is. White space around calls is not shown. A call whose closing tag is missing counts if its object is complete.
/// </remarks>
internal sealed class HermesSyntax : ToolCallSyntax
{
    private const string OpenTag = "<tool_call>";
    private const string CloseTag = "</tool_call>";

    /// <inheritdoc/>
    /// <remarks>No blank at the end: tokenizers join it with what follows, so a prompt that ends in one leads away from what the model has seen.</remarks>
    public override string Opening(string? functionName) => functionName is null
        ? OpenTag + "\n{\"name\":"
        : $"{OpenTag}\n{{\"name\": {JsonText.Encode(functionName)}, \"arguments\":";

    internal override TextStage CreateStage(ChatEventWriter writer, string toolsJson) => new Stage(writer);

    private sealed class Stage : TextStage
    {
        private readonly ChatEventWriter _writer;
        private readonly TagScanner _opening;
        private readonly StringBuilder _unshown = new();    // what would be given back if this proves to be no call
        private CallObjectScanner? _call;                   // null outside calls
        private int _closingMatched;                        // characters of the closing tag just read
        private bool _shown;                                // the call's name and arguments are being written

        public Stage(ChatEventWriter writer)
        {
            _writer = writer;
            _opening = new(OpenTag, writer.Content);
        }

        public override void Push(ReadOnlySpan<char> text)
        {
            foreach (var next in text)
            {
                Push(next);
            }
        }

        public override void Finish()
        {
            // Given-back text may hold another unfinished call; each turn is shorter by an opening tag.
            while (_call is { } call)
            {
                if (_shown || (call.IsComplete && TryShowWhole(call)))
                {
                    EndCall();
                }
                else
                {
                    _unshown.Append(CloseTag.AsSpan(0, _closingMatched));
                    GiveBack();
                }
            }

            _opening.Release();
        }

        private void Push(char next)
        {
            if (_call is null)
            {
                if (_opening.Push(next))
                {
                    _call = new();
                }
            }
            else if (!IsClosingTag(next, _call))
            {
                PushCall(next, _call);
            }
        }

        /// <summary>Follows the closing tag; a false beginning of one goes to the call's object, as what it is.</summary>
        private bool IsClosingTag(char next, CallObjectScanner call)
        {
            if (_closingMatched > 0 && next != CloseTag[_closingMatched])
            {
                var held = CloseTag[.._closingMatched];
                _closingMatched = 0;
                Push(held, call);
                if (_call != call)
                {
                    Push(next);
                    return true;
                }
            }

            if (call.InString || next != CloseTag[_closingMatched])
            {
                return false;
            }

            if (++_closingMatched == CloseTag.Length)
            {
                Close(call);
            }

            return true;
        }

        /// <summary>Reads a false closing tag; if that ends the call, the rest of it is read as what follows.</summary>
        private void Push(string held, CallObjectScanner call)
        {
            foreach (var next in held)
            {
                if (_call == call)
                {
                    PushCall(next, call);
                }
                else
                {
                    Push(next);
                }
            }
        }

        private void PushCall(char next, CallObjectScanner call)
        {
            var fits = call.Push(next);
            if (_shown && call.ReadArgument)
            {
                _writer.Arguments([next]);
                return;
            }

            _unshown.Append(next);
            if (!fits)
            {
                GiveBack();
            }
            else if (!_shown && call is { Name: not null, ArgumentsAreObject: true })
            {
                Show(call.Name, call.Arguments!.ToString());
            }
        }

        private void Close(CallObjectScanner call)
        {
            if (_shown || (call.IsComplete && TryShowWhole(call)))
            {
                EndCall();
            }
            else
            {
                _unshown.Append(CloseTag);
                GiveBack();
            }
        }

        /// <summary>Shows a complete object whose arguments are not an object: none and null mean none, a string is read as JSON text.</summary>
        private bool TryShowWhole(CallObjectScanner call)
        {
            var arguments = call.Arguments?.ToString() switch
            {
                null or "null" => "{}",
                ['"', ..] text when JsonText.TryDecodeString(text, out var inner) && JsonText.IsObject(inner) => inner,
                _ => null,
            };
            if (call.Name is null || arguments is null)
            {
                return false;
            }

            Show(call.Name, arguments);
            return true;
        }

        private void Show(string name, string arguments)
        {
            _writer.BeginCall(name);
            _writer.Arguments(arguments);
            _unshown.Clear();
            _shown = true;
        }

        private void EndCall()
        {
            ResetCall();
            _opening.Drop();
            _opening.SkipWhiteSpace();
        }

        private void GiveBack()
        {
            var text = _unshown.ToString();
            if (_shown)
            {
                EndCall();
            }
            else
            {
                ResetCall();
                _opening.Release();
            }

            Push(text);
        }

        private void ResetCall()
        {
            _call = null;
            _unshown.Clear();
            _closingMatched = 0;
            _shown = false;
        }
    }
}
