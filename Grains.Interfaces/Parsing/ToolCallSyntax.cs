namespace XLLM.Grains.Interfaces.Parsing;

/// <summary>How a family of models writes tool calls.</summary>
public abstract class ToolCallSyntax
{
    /// <summary>The marks are special tokens, so the text must keep those.</summary>
    public virtual bool NeedsSpecialTokens => false;

    /// <summary>The beginning of a call, up to where the arguments (or, without a name, the name) begin: appended to a prompt it forces a call.</summary>
    /// <param name="functionName">The function to call, or null: the model chooses.</param>
    public abstract string Opening(string? functionName);

    /// <summary>A stage for one generation; the last one before the events.</summary>
    /// <param name="writer">Takes answer and calls.</param>
    /// <param name="toolsJson">The tools that the request offers (OpenAI's <c>tools</c>): their schemas give types to values that the model writes without any.</param>
    internal abstract TextStage CreateStage(ChatEventWriter writer, string toolsJson);
}
