using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Evaluation;

/// <summary>The names of one scope while a template is analyzed: which it knows, where each begins, and which it sets.</summary>
/// <remarks>
/// A name's meaning is fixed before anything runs, by the order in which the scope's text reads and sets it. So a template that sets <c>x</c>
/// at its top hides the caller's <c>x</c> from the loops before that line too. Rules: Jinja2 3.1 <c>idtracking.py</c>.
/// </remarks>
internal sealed class SymbolScope
{
    private readonly Dictionary<string, int> _slots;
    private readonly HashSet<string> _known = [];
    private readonly Dictionary<string, Origin> _origins = [];

    /// <param name="parent">The scope around it, or null.</param>
    /// <param name="slots">Slots to share with another scope of the same level; null for its own.</param>
    public SymbolScope(SymbolScope? parent, Dictionary<string, int>? slots = null)
    {
        Parent = parent;
        Level = parent is null ? 0 : parent.Level + 1;
        _slots = slots ?? [];
    }

    private SymbolScope(SymbolScope original)
        : this(original.Parent, original._slots)
    {
        _known = [.. original._known];
        _origins = new(original._origins);
        Stores = [.. original.Stores];
    }

    private enum OriginKind
    {
        Parameter,
        Variable,
        Outer,
        Nothing,
    }

    public SymbolScope? Parent { get; }

    public int Level { get; }

    public HashSet<string> Stores { get; } = [];

    public Dictionary<string, int> Slots => _slots;

    /// <summary>A copy for one branch of an <c>if</c>.</summary>
    public SymbolScope Branch() => new(this);

    public void Load(string name)
    {
        if (Find(name) is null)
        {
            Define(name, new(OriginKind.Variable));
        }
    }

    public void Store(string name)
    {
        Stores.Add(name);
        if (!_known.Contains(name))
        {
            Define(name, Parent?.Find(name) is { } outer ? new(OriginKind.Outer, outer.Level) : new(OriginKind.Nothing));
        }
    }

    public int DeclareParameter(string name)
    {
        Stores.Add(name);
        Define(name, new(OriginKind.Parameter));
        return _slots[name];
    }

    /// <summary>Takes over what the branches of an <c>if</c> set: since none is sure to run, such a name begins as what it is outside.</summary>
    public void Merge(params SymbolScope[] branches)
    {
        var stores = branches.SelectMany(branch => branch.Stores).Where(name => !Stores.Contains(name)).ToHashSet();
        foreach (var branch in branches)
        {
            _known.UnionWith(branch._known);
            Stores.UnionWith(branch.Stores);
            foreach (var (name, origin) in branch._origins)
            {
                _origins[name] = origin;
            }
        }

        foreach (var name in stores)
        {
            _origins[name] = Parent?.Find(name) is { } outer ? new(OriginKind.Outer, outer.Level) : new(OriginKind.Variable);
        }
    }

    /// <summary>Where a name lives that this scope or one around it knows.</summary>
    public VariablePlace Place(string name)
    {
        var owner = Find(name);
        if (owner is null)
        {
            Load(name);
            owner = this;
        }

        return new VariablePlace(Level - owner.Level, owner._slots[name]);
    }

    public ScopeLayout Layout() => new(_slots, [.. _origins.Where(origin => origin.Value.Kind != OriginKind.Parameter).Select(ToLoad)]);

    private SymbolScope? Find(string name) => _known.Contains(name) ? this : Parent?.Find(name);

    private void Define(string name, Origin origin)
    {
        _known.Add(name);
        _slots.TryAdd(name, _slots.Count);
        _origins[name] = origin;
    }

    private SlotLoad ToLoad(KeyValuePair<string, Origin> entry)
    {
        var slot = _slots[entry.Key];
        return entry.Value.Kind switch
        {
            OriginKind.Variable => new SlotLoad(slot, entry.Key, null),
            OriginKind.Outer => new SlotLoad(slot, null, OuterPlace(entry.Key, entry.Value.Level)),
            _ => new SlotLoad(slot, null, null),
        };
    }

    private VariablePlace OuterPlace(string name, int level)
    {
        var owner = this;
        while (owner.Level > level)
        {
            owner = owner.Parent!;
        }

        return new VariablePlace(Level - level, owner._slots[name]);
    }

    /// <param name="Kind">Where the name begins.</param>
    /// <param name="Level">Of an outer variable, its scope's level.</param>
    private readonly record struct Origin(OriginKind Kind, int Level = 0);
}
