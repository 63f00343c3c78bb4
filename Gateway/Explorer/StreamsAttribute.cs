namespace XLLM.Gateway.Explorer;

/// <summary>Endpoint metadata: with <c>stream</c> true the answer is events of this type.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class StreamsAttribute(Type chunk) : Attribute
{
    /// <summary>Type of the events.</summary>
    public Type Chunk => chunk;
}
