using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Evaluation;

/// <summary>The variables of one running loop, macro call or other scope. A slot that was not set holds null, which reads as undefined.</summary>
internal sealed class Scope(int slots, Scope? parent)
{
    private readonly Value?[] _values = new Value?[slots];

    public Scope? Parent { get; } = parent;

    public Value? this[int slot]
    {
        get => _values[slot];
        set => _values[slot] = value;
    }

    /// <summary>Forgets everything, as a loop does at its end.</summary>
    public void Clear() => Array.Clear(_values);
}
