using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Evaluation;

/// <summary>Where a variable lives, seen from a scope.</summary>
/// <param name="Hops">Scopes outwards.</param>
/// <param name="Slot">Slot in that scope.</param>
internal readonly record struct VariablePlace(int Hops, int Slot)
{
    public Value? Read(Scope scope) => Find(scope)[Slot];

    public void Write(Scope scope, Value value) => Find(scope)[Slot] = value;

    private Scope Find(Scope scope)
    {
        for (var i = 0; i < Hops; i++)
        {
            scope = scope.Parent!;
        }

        return scope;
    }
}
