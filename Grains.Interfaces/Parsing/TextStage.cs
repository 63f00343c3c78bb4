namespace XLLM.Grains.Interfaces.Parsing;

/// <summary>A step on the way from text to events. Holds back what is not yet certain; decides character by character, so that splits never matter.</summary>
internal abstract class TextStage
{
    /// <summary>Reads more text.</summary>
    public abstract void Push(ReadOnlySpan<char> text);

    /// <summary>No more text comes: releases what was held back, and finishes the stage after it.</summary>
    public abstract void Finish();
}

/// <summary>A stage that takes reasoning out of the text and hands on the rest.</summary>
internal abstract class ReasoningStage : TextStage
{
    /// <summary>The text read last is inside a reasoning block.</summary>
    public abstract bool IsOpen { get; }
}
