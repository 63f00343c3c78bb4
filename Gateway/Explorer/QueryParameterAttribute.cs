namespace XLLM.Gateway.Explorer;

/// <summary>Endpoint metadata: a parameter of the query that the endpoint reads by itself.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
internal sealed class QueryParameterAttribute(string name, string description, bool isNumber = false) : Attribute
{
    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>For people.</summary>
    public string Description => description;

    /// <summary>Whether it is a whole number; else text.</summary>
    public bool IsNumber => isNumber;
}
