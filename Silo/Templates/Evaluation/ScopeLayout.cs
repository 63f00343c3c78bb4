namespace XLLM.Silo.Templates.Evaluation;

/// <summary>The slots of a scope, and what they hold when it is entered.</summary>
internal sealed class ScopeLayout(Dictionary<string, int> slots, IReadOnlyList<SlotLoad> loads)
{
    /// <summary>A scope with empty slots.</summary>
    public Scope Create(Scope? parent) => new(slots.Count, parent);

    /// <summary>A scope with its slots loaded.</summary>
    public Scope Enter(RenderContext context, Scope? parent)
    {
        var scope = Create(parent);
        Load(context, scope);
        return scope;
    }

    /// <summary>Loads the slots; a loop does so before every pass, which is why what a pass sets is gone in the next.</summary>
    public void Load(RenderContext context, Scope scope)
    {
        foreach (var load in loads)
        {
            scope[load.Slot] = load.Name is null ? load.Outer?.Read(scope) : context.Resolve(load.Name);
        }
    }
}
