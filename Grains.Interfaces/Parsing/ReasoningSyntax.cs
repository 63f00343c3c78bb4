namespace XLLM.Grains.Interfaces.Parsing;

/// <summary>How a family of models marks its reasoning.</summary>
public abstract class ReasoningSyntax
{
    /// <summary>The marks are special tokens, so the text must keep those.</summary>
    public virtual bool NeedsSpecialTokens => false;

    /// <summary>Text that ends an open reasoning block.</summary>
    public abstract string Closing { get; }

    /// <summary>Whether a rendered prompt ends inside a reasoning block.</summary>
    public abstract bool EndsInside(ReadOnlySpan<char> prompt);

    /// <summary>A stage for one generation.</summary>
    /// <param name="writer">Takes the reasoning.</param>
    /// <param name="next">Takes the rest.</param>
    /// <param name="open">The output begins inside the block.</param>
    internal abstract ReasoningStage CreateStage(ChatEventWriter writer, TextStage next, bool open);
}
