namespace XLLM.Grains.Interfaces.Parsing;

/// <summary><c>&lt;think&gt;reasoning&lt;/think&gt;answer</c>, as Qwen3, DeepSeek and GLM write it. Only at the beginning of an answer: a tag further on is text.</summary>
/// <remarks>White space inside the tags' edges and between the block and the answer belongs to the syntax and is not shown.</remarks>
/// <param name="openTag">Begins the block.</param>
/// <param name="closeTag">Ends the block.</param>
/// <param name="impliedEnd">A mark that ends the block too and belongs to what follows; null: there is none.</param>
internal sealed class ThinkTagSyntax(string openTag = "<think>", string closeTag = "</think>", string? impliedEnd = null) : ReasoningSyntax
{
    /// <inheritdoc/>
    public override string Closing => "\n" + closeTag + "\n\n";

    /// <inheritdoc/>
    public override bool EndsInside(ReadOnlySpan<char> prompt) => prompt.TrimEnd().EndsWith(openTag, StringComparison.Ordinal);

    internal override ReasoningStage CreateStage(ChatEventWriter writer, TextStage next, bool open) => new Stage(this, writer, next, open);

    private (string Open, string Close, string? ImpliedEnd) Tags => (openTag, closeTag, impliedEnd);

    private sealed class Stage : ReasoningStage
    {
        private readonly TextStage _next;
        private readonly string? _impliedEnd;
        private readonly TagScanner? _implied;
        private readonly TagScanner _opening;
        private readonly TagScanner _closing;
        private Place _place = Place.Beginning;
        private bool _open;

        public Stage(ThinkTagSyntax syntax, ChatEventWriter writer, TextStage next, bool open)
        {
            (var openTag, var closeTag, _impliedEnd) = syntax.Tags;
            _next = next;
            _open = open;
            _implied = _impliedEnd is null ? null : new(_impliedEnd, writer.Reasoning);
            _closing = new(closeTag, _implied is null ? writer.Reasoning : PushImpliedEnd);
            _closing.SkipWhiteSpace();
            // What proves not to be the opening tag: reasoning if the prompt has opened the block (some models repeat the tag), else answer.
            _opening = new(openTag, open ? BeginReasoning : BeginAnswer);
            if (open)
            {
                _opening.SkipWhiteSpace();
            }
        }

        private enum Place
        {
            Beginning,
            Reasoning,
            BeforeAnswer,
            Answer,
        }

        public override bool IsOpen => _open;

        public override void Push(ReadOnlySpan<char> text)
        {
            for (var i = 0; i < text.Length; i++)
            {
                switch (_place)
                {
                    case Place.Beginning:
                        PushBeginning(text[i]);
                        break;
                    case Place.Reasoning:
                        PushReasoning([text[i]]);
                        break;
                    case Place.BeforeAnswer when char.IsWhiteSpace(text[i]):
                        break;
                    default:
                        _place = Place.Answer;
                        _next.Push(text[i..]);
                        return;
                }
            }
        }

        public override void Finish()
        {
            _opening.Release();
            _closing.Release();
            _implied?.Release();
            _next.Finish();
        }

        private void PushBeginning(char next)
        {
            if (_opening.Push(next))
            {
                _opening.Drop();
                _open = true;
                _place = Place.Reasoning;
            }
            else if (_place != Place.Beginning)
            {
                _opening.Release();
            }
        }

        private void BeginReasoning(ReadOnlySpan<char> text)
        {
            _place = Place.Reasoning;
            PushReasoning(text);
        }

        private void BeginAnswer(ReadOnlySpan<char> text)
        {
            _place = Place.Answer;
            _next.Push(text);
        }

        private void PushReasoning(ReadOnlySpan<char> text)
        {
            foreach (var next in text)
            {
                if (_closing.Push(next))
                {
                    _closing.Drop();
                    _implied?.Release();
                    _open = false;
                    _place = Place.BeforeAnswer;
                }
            }
        }

        /// <summary>Reads what is not the closing tag; the implied end, if complete, goes to the next stage.</summary>
        private void PushImpliedEnd(ReadOnlySpan<char> text)
        {
            foreach (var next in text)
            {
                if (_implied!.Push(next))
                {
                    _implied.Drop();
                    _open = false;
                    _place = Place.Answer;
                    _next.Push(_impliedEnd);
                }
            }
        }
    }
}
