using System.Text;

namespace XLLM.Grains.Interfaces.Parsing;

/// <summary>Kimi: K2 thinks in <c>&lt;think&gt;</c> tags, and may go on to a tool call without closing them; Kimi-VL thinks in <c>◁think▷</c>. The first character that is no white space tells which.</summary>
internal sealed class KimiThinkSyntax : ReasoningSyntax
{
    private static readonly ThinkTagSyntax K2 = new(impliedEnd: "<|tool_calls_section_begin|>");
    private static readonly ThinkTagSyntax Vision = new("◁think▷", "◁/think▷");

    /// <inheritdoc/>
    /// <remarks>Only K2 is asked to call tools.</remarks>
    public override string Closing => K2.Closing;

    /// <inheritdoc/>
    public override bool EndsInside(ReadOnlySpan<char> prompt) => K2.EndsInside(prompt) || Vision.EndsInside(prompt);

    internal override ReasoningStage CreateStage(ChatEventWriter writer, TextStage next, bool open) => new Stage(writer, next, open);

    private sealed class Stage(ChatEventWriter writer, TextStage next, bool open) : ReasoningStage
    {
        private readonly StringBuilder _white = new();  // before the first other character
        private ReasoningStage? _chosen;

        public override bool IsOpen => _chosen?.IsOpen ?? open;

        public override void Push(ReadOnlySpan<char> text)
        {
            if (_chosen is null)
            {
                var first = text.Length - text.TrimStart().Length;
                _white.Append(text[..first]);
                text = text[first..];
                if (text.IsEmpty)
                {
                    return;
                }

                Choose(text[0] == '◁' ? Vision : K2);
            }

            _chosen!.Push(text);
        }

        public override void Finish()
        {
            if (_chosen is null)
            {
                Choose(K2);
            }

            _chosen!.Finish();
        }

        private void Choose(ThinkTagSyntax syntax)
        {
            _chosen = syntax.CreateStage(writer, next, open);
            _chosen.Push(_white.ToString());
        }
    }
}
