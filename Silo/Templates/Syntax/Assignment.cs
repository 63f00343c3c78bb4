using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary>Putting a value into a target: a name, a namespace's attribute, or a tuple of them.</summary>
internal static class Assignment
{
    /// <summary>Refuses targets whose namespace is none, before the value is evaluated.</summary>
    public static void CheckTarget(Expression target, Scope scope)
    {
        switch (target)
        {
            case NamespaceTarget reference:
                reference.Namespace(scope);
                break;
            case TupleExpression tuple:
                foreach (var item in tuple.Items)
                {
                    CheckTarget(item, scope);
                }

                break;
        }
    }

    public static void Assign(RenderContext context, Scope scope, Expression target, Value value)
    {
        switch (target)
        {
            case NameExpression name:
                name.Place.Write(scope, value);
                break;
            case NamespaceTarget reference:
                reference.Namespace(scope).Set(reference.Attribute, value);
                break;
            case TupleExpression tuple:
                Unpack(context, scope, tuple.Items, value);
                break;
            default:
                throw new InvalidOperationException($"can't assign to '{target.Kind}'");
        }
    }

    private static void Unpack(RenderContext context, Scope scope, IReadOnlyList<Expression> targets, Value value)
    {
        if (!value.IsIterable)
        {
            throw new TemplateFault($"cannot unpack non-iterable {value.TypeName} object");
        }

        var items = value.Iterate(context);
        var values = new List<Value>(targets.Count);
        while (items.MoveNext())
        {
            context.Step();
            if (values.Count == targets.Count)
            {
                throw new TemplateFault($"too many values to unpack (expected {targets.Count})");
            }

            values.Add(items.Current);
        }

        if (values.Count < targets.Count)
        {
            throw new TemplateFault($"not enough values to unpack (expected {targets.Count}, got {values.Count})");
        }

        for (var i = 0; i < values.Count; i++)
        {
            Assign(context, scope, targets[i], values[i]);
        }
    }
}
