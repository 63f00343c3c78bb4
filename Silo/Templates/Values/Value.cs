using XLLM.Silo.Templates.Evaluation;

namespace XLLM.Silo.Templates.Values;

/// <summary>A value of the template language: what Python would hold, with Python's behaviour.</summary>
/// <remarks>Lists and dicts never change after they were built, as the immutable sandbox demands; only namespaces, cyclers, joiners and iterators have state.</remarks>
internal abstract class Value
{
    /// <summary>Python's name of the type, for messages.</summary>
    public abstract string TypeName { get; }

    /// <summary>Python's truth.</summary>
    public virtual bool IsTrue => true;

    public virtual bool IsIterable => false;

    public virtual bool IsCallable => false;

    /// <summary>Whether <c>reversed</c> takes it.</summary>
    public virtual bool IsReversible => false;

    /// <summary>Whether it has items by key or index, for the <c>sequence</c> test.</summary>
    public virtual bool HasItems => false;

    /// <summary>Whether it may be a key of a dict.</summary>
    public virtual bool IsHashable => true;

    /// <summary>The number of items, or false where <c>len</c> does not apply.</summary>
    public virtual bool TryGetLength(out int length)
    {
        length = 0;
        return false;
    }

    /// <summary>Its items in order. Iterating may run template code and may be possible only once.</summary>
    public virtual IEnumerator<Value> Iterate(RenderContext context) => throw new TemplateFault($"'{TypeName}' object is not iterable");

    /// <summary>Its items from the last to the first.</summary>
    public virtual IEnumerator<Value> IterateReversed(RenderContext context) => throw new TemplateFault($"'{TypeName}' object is not reversible");

    /// <summary>The item of a key or an index; null where Python raises a TypeError or a LookupError.</summary>
    public virtual Value? GetItem(RenderContext context, Value key) => null;

    /// <summary>Items by <c>[start:stop:step]</c>.</summary>
    public virtual Value Slice(RenderContext context, Slice slice) => throw new TemplateFault($"'{TypeName}' object is not subscriptable");

    /// <summary>The attribute of a name; null where it has none.</summary>
    public virtual Value? GetAttribute(RenderContext context, string name) => null;

    /// <summary>Python's <c>item in value</c>.</summary>
    public virtual bool Contains(RenderContext context, Value item)
    {
        if (!IsIterable)
        {
            throw new TemplateFault($"argument of type '{TypeName}' is not iterable");
        }

        var items = Iterate(context);
        while (items.MoveNext())
        {
            if (Comparisons.AreEqual(context, items.Current, item))
            {
                return true;
            }
        }

        return false;
    }

    public virtual Value Call(RenderContext context, Arguments arguments) => throw new TemplateFault($"'{TypeName}' object is not callable");

    /// <summary>Writes it as <c>str</c> gives it.</summary>
    public virtual void WriteText(TextBuilder builder) => WriteRepresentation(builder);

    /// <summary>Writes it as <c>repr</c> gives it.</summary>
    public abstract void WriteRepresentation(TextBuilder builder);
}
