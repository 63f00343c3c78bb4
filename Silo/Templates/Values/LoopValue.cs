using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Syntax;

namespace XLLM.Silo.Templates.Values;

/// <summary>The <c>loop</c> variable of a running loop, and the loop's way through its items. It looks ahead only when asked what comes.</summary>
/// <param name="context">The rendering.</param>
/// <param name="statement">The loop.</param>
/// <param name="scope">The variables around it.</param>
/// <param name="sized">The iterable when its length is that of the loop; null when a test filters it.</param>
/// <param name="items">What is looped over.</param>
/// <param name="depth">Levels of recursion, from 0.</param>
internal sealed class LoopValue(RenderContext context, ForStatement statement, Scope scope, Value? sized, IEnumerator<Value> items, int depth) : Value
{
    private readonly Queue<Value> _ahead = new();
    private int _index = -1;
    private int? _length;
    private Value? _previous;
    private Value? _current;
    private Arguments? _lastChanged;

    public override string TypeName => "LoopContext";

    public override bool IsCallable => true;

    public Value Current => _current!;

    /// <summary>Goes to the next item.</summary>
    public bool MoveNext()
    {
        if (!TryPeek(out var next))
        {
            return false;
        }

        _ahead.Dequeue();
        _index++;
        _previous = _current;
        _current = next;
        return true;
    }

    public override bool TryGetLength(out int length)
    {
        length = Length();
        return true;
    }

    public override Value? GetAttribute(RenderContext context, string name) => name switch
    {
        "index" => new IntegerValue(_index + 1),
        "index0" => new IntegerValue(_index),
        "revindex" => new IntegerValue(Length() - _index),
        "revindex0" => new IntegerValue(Length() - _index - 1),
        "first" => BooleanValue.Of(_index == 0),
        "last" => BooleanValue.Of(!TryPeek(out _)),
        "length" => new IntegerValue(Length()),
        "depth" => new IntegerValue(depth + 1),
        "depth0" => new IntegerValue(depth),
        "previtem" => _index == 0 ? UndefinedValue.Because("there is no previous item") : _previous!,
        "nextitem" => TryPeek(out var next) ? next : UndefinedValue.Because("there is no next item"),
        "cycle" => new FunctionValue("cycle", (_, a) => Cycle(a)),
        "changed" => new FunctionValue("changed", (_, a) => BooleanValue.Of(Changed(a))),
        _ => null,
    };

    public override Value Call(RenderContext context, Arguments arguments)
    {
        var inner = arguments.BindPositional("loop", 1, 1)[0]!;
        return statement.IsRecursive
            ? new TextValue(statement.RunRecursively(context, scope, inner, depth + 1), context.AutoEscape)
            : throw new TemplateFault("The loop must have the 'recursive' marker to be called recursively.");
    }

    public override void WriteRepresentation(TextBuilder builder) => builder.Append($"<LoopContext {_index + 1}/{Length()}>");

    private bool TryPeek(out Value next)
    {
        if (_ahead.TryPeek(out next!))
        {
            return true;
        }

        if (!items.MoveNext())
        {
            return false;
        }

        next = items.Current;
        _ahead.Enqueue(next);
        return true;
    }

    private int Length()
    {
        if (_length is null)
        {
            if (sized is not null && sized.TryGetLength(out var length))
            {
                _length = length;
            }
            else
            {
                while (items.MoveNext())
                {
                    context.AllocateItems(1);
                    _ahead.Enqueue(items.Current);
                }

                _length = _index + 1 + _ahead.Count;
            }
        }

        return _length.Value;
    }

    private Value Cycle(Arguments arguments)
    {
        var values = arguments.BindPositional("cycle", 0, arguments.Positional.Count);
        return values.Length == 0 ? throw new TemplateFault("no items for cycling given") : values[_index % values.Length]!;
    }

    private bool Changed(Arguments arguments)
    {
        if (_lastChanged is not null && Comparisons.AreEqual(context, new TupleValue(_lastChanged.Positional), new TupleValue(arguments.Positional)))
        {
            return false;
        }

        _lastChanged = arguments;
        return true;
    }
}
