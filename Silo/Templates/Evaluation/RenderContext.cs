using System.Text.Json.Nodes;
using XLLM.Silo.Templates.Library;
using XLLM.Silo.Templates.Syntax;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Evaluation;

/// <summary>One rendering: its variables, its output, and what it has used of its bounds.</summary>
internal sealed class RenderContext
{
    // A reference and the object behind it, which is often new: a number takes 40 bytes, a short text 90.
    private const int BytesPerItem = 64;

    private readonly JsonObject _source;
    private readonly Dictionary<string, Value?> _variables = [];
    private readonly Dictionary<string, Value> _exports = [];
    private Dictionary<string, Value>? _overlay;
    private long _steps;
    private long _allocated;
    private long _iterations;
    private int _calls;

    public RenderContext(JsonObject variables, TimeProvider clock, ChatTemplateLimits limits)
    {
        _source = variables;
        Clock = clock;
        Limits = limits;
        Comparer = new ValueComparer(this);
        Output = new TextBuilder(this, limits.MaxOutputLength, "the output");
    }

    public ChatTemplateLimits Limits { get; }

    public TimeProvider Clock { get; }

    /// <summary>Python's equality and hash, charged to this rendering.</summary>
    public ValueComparer Comparer { get; }

    /// <summary>Where statements write to now.</summary>
    public TextBuilder Output { get; set; }

    public bool AutoEscape { get; set; }

    /// <summary>The line of the statement that runs now.</summary>
    public int Line { get; set; } = 1;

    /// <summary>Counts one step, and makes sure that there is stack for what comes.</summary>
    public void Step()
    {
        if (++_steps > Limits.MaxSteps)
        {
            throw new TemplateFault($"the template took more than {Limits.MaxSteps} steps (MaxSteps)");
        }

        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
    }

    /// <summary>Counts work on many items or characters at once.</summary>
    public void Work(long items)
    {
        _steps += items / 16;
        Step();
    }

    /// <summary>Counts characters that come into being.</summary>
    public void AllocateText(long characters)
    {
        Allocate(characters * sizeof(char));
        Work(characters);
    }

    /// <summary>Counts items of lists and dicts that come into being, each with the step that it takes.</summary>
    public void AllocateItems(long items)
    {
        Allocate(items * BytesPerItem);
        _steps += items;
        Step();
    }

    /// <summary>Refuses a text before it is built.</summary>
    public void CheckTextLength(long characters)
    {
        if (characters > Limits.MaxTextLength)
        {
            throw new TemplateFault($"a text of {characters} characters exceeds the bound of {Limits.MaxTextLength} (MaxTextLength)");
        }
    }

    public void CountIteration()
    {
        if (++_iterations > Limits.MaxLoopIterations)
        {
            throw new TemplateFault($"the template's loops took more than {Limits.MaxLoopIterations} passes (MaxLoopIterations)");
        }

        Step();
    }

    public void EnterCall()
    {
        if (++_calls > Limits.MaxCallDepth)
        {
            throw new TemplateFault($"macros call one another more than {Limits.MaxCallDepth} deep (MaxCallDepth)");
        }
    }

    public void LeaveCall() => _calls--;

    /// <summary>A variable that the template did not set itself, or null.</summary>
    public Value? Resolve(string name)
    {
        if (_overlay is not null && _overlay.TryGetValue(name, out var local))
        {
            return local;
        }

        if (_exports.TryGetValue(name, out var exported))
        {
            return exported;
        }

        if (!_variables.TryGetValue(name, out var value))
        {
            value = Read(name) ?? GlobalLibrary.Find(name);
            _variables.Add(name, value);
        }

        return value;
    }

    /// <summary>Lets blocks see a variable of the top level.</summary>
    public void Export(string name, Value value) => _exports[name] = value;

    public void Export(IReadOnlyList<NameExpression> names, Scope scope)
    {
        foreach (var name in names)
        {
            if (name.Place.Read(scope) is { } value)
            {
                Export(name.Name, value);
            }
        }
    }

    /// <summary>Lets a scoped block see the variables around it, until disposed.</summary>
    public IDisposable Overlay(IReadOnlyList<(string Name, VariablePlace Place)> visible, Scope scope)
    {
        var outer = _overlay;
        _overlay = null;
        foreach (var (name, place) in visible)
        {
            if (place.Read(scope) is { } value)
            {
                (_overlay ??= [])[name] = value;
            }
        }

        return new Restore(this, outer);
    }

    /// <summary>The value as <c>str</c> gives it.</summary>
    public string Text(Value value)
    {
        if (value is TextValue text)
        {
            return text.Text;
        }

        var builder = new TextBuilder(this);
        value.WriteText(builder);
        return builder.ToString();
    }

    /// <summary>The value as <c>repr</c> gives it.</summary>
    public string Represent(Value value)
    {
        var builder = new TextBuilder(this);
        value.WriteRepresentation(builder);
        return builder.ToString();
    }

    /// <summary>Writes a value to the output, escaped where escaping is on.</summary>
    public void Print(Value value)
    {
        if (AutoEscape)
        {
            Output.Append(Markup.Escape(this, value));
        }
        else
        {
            value.WriteText(Output);
        }
    }

    /// <summary>All items of an iterable, each counted.</summary>
    public List<Value> Collect(Value iterable)
    {
        var items = iterable.Iterate(this);
        var result = new List<Value>();
        while (items.MoveNext())
        {
            AllocateItems(1);
            result.Add(items.Current);
        }

        return result;
    }

    private Value? Read(string name)
    {
        try
        {
            return _source.TryGetPropertyValue(name, out var node) ? JsonValues.Read(this, node) : null;
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
        {
            // JSON is read lazily: only here an object turns out to have a property twice, or a text half a surrogate pair.
            throw new TemplateFault($"the variables are not usable JSON at '{name}': {exception.Message}");
        }
    }

    private void Allocate(long bytes)
    {
        _allocated += bytes;
        if (_allocated > Limits.MaxAllocatedBytes)
        {
            throw new TemplateFault($"the template built texts and lists of more than {Limits.MaxAllocatedBytes} bytes (MaxAllocatedBytes)");
        }
    }

    private sealed class Restore(RenderContext context, Dictionary<string, Value>? overlay) : IDisposable
    {
        public void Dispose() => context._overlay = overlay;
    }
}
