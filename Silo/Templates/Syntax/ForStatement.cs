using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary><c>{% for target in items if test recursive %}</c> with its <c>else</c>.</summary>
internal sealed class ForStatement(
    int line,
    Expression target,
    Expression items,
    Expression? test,
    bool isRecursive,
    Body body,
    Body otherwise) : Statement(line)
{
    public Expression Target { get; } = target;

    public Expression Items { get; } = items;

    public Expression? Test { get; } = test;

    public bool IsRecursive { get; } = isRecursive;

    public Body Body { get; } = body;

    public Body Otherwise { get; } = otherwise;

    /// <summary>The body's variables; set once by <see cref="ScopeAnalyzer"/>, as the next three.</summary>
    public ScopeLayout? BodyLayout { get; set; }

    /// <summary>The variables of the test. Its slots are numbered together with the body's, since both assign the target.</summary>
    public ScopeLayout? TestLayout { get; set; }

    public ScopeLayout? OtherwiseLayout { get; set; }

    /// <summary>Where the body finds <c>loop</c>, or -1 when it never mentions it.</summary>
    public int LoopSlot { get; set; } = -1;

    public override IEnumerable<Node> Children =>
        [Target, Items, .. Body.Statements, .. Otherwise.Statements, .. Test is null ? [] : new[] { Test }];

    protected override Flow ExecuteCore(RenderContext context, Scope scope)
    {
        var value = Items.Evaluate(context, scope);
        if (!IsRecursive)
        {
            return Run(context, scope, value, depth: 0);
        }

        context.Output.Append(RunRecursively(context, scope, value, depth: 0));
        return Flow.Normal;
    }

    /// <summary>One level of a recursive loop, as text.</summary>
    public string RunRecursively(RenderContext context, Scope scope, Value value, int depth)
    {
        context.EnterCall();
        var outer = context.Output;
        context.Output = new TextBuilder(context);
        try
        {
            Run(context, scope, value, depth);
            return context.Output.ToString();
        }
        finally
        {
            context.Output = outer;
            context.LeaveCall();
        }
    }

    private Flow Run(RenderContext context, Scope scope, Value value, int depth)
    {
        var all = value.Iterate(context);
        var loop = new LoopValue(context, this, scope, Test is null ? value : null, Test is null ? all : Filter(context, scope, all), depth);
        var inner = BodyLayout!.Create(scope);
        var isUnfinished = true;
        while (loop.MoveNext())
        {
            context.CountIteration();
            Assignment.Assign(context, inner, Target, loop.Current);
            if (LoopSlot >= 0)
            {
                inner[LoopSlot] = loop;
            }

            BodyLayout.Load(context, inner);
            var flow = Body.Execute(context, inner);
            if (flow == Flow.Break)
            {
                break;
            }

            // As Jinja2's: a pass that was cut short does not count, so a loop of nothing but those runs its else.
            isUnfinished &= flow != Flow.Normal;
        }

        inner.Clear();
        return isUnfinished && OtherwiseLayout is not null ? Otherwise.Execute(context, OtherwiseLayout.Enter(context, scope)) : Flow.Normal;
    }

    private IEnumerator<Value> Filter(RenderContext context, Scope scope, IEnumerator<Value> all)
    {
        var inner = TestLayout!.Enter(context, scope);
        while (all.MoveNext())
        {
            context.CountIteration();
            Assignment.Assign(context, inner, Target, all.Current);
            if (Test!.Evaluate(context, inner).IsTrue)
            {
                yield return Reassemble(Target, inner);
            }
        }
    }

    // What the test let through is what it was unpacked to: a tuple, whatever the item was.
    private static Value Reassemble(Expression target, Scope inner) => target switch
    {
        NameExpression name => name.Place.Read(inner)!,
        TupleExpression tuple => new TupleValue([.. tuple.Items.Select(item => Reassemble(item, inner))]),
        _ => throw new InvalidOperationException($"can't assign to '{target.Kind}'"),
    };
}
