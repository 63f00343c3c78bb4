namespace XLLM.Grains.Interfaces.Parsing;

/// <summary>Which JSON types a value may have.</summary>
[Flags]
internal enum JsonTypes
{
    /// <summary>Nothing is known.</summary>
    None = 0,

    /// <summary>A string.</summary>
    String = 1,

    /// <summary>A number, whole or not.</summary>
    Number = 2,

    /// <summary>true or false.</summary>
    Boolean = 4,

    /// <summary>null.</summary>
    Null = 8,

    /// <summary>An object.</summary>
    Object = 16,

    /// <summary>An array.</summary>
    Array = 32,

    /// <summary>All but a string.</summary>
    NotString = Number | Boolean | Null | Object | Array,

    /// <summary>Anything.</summary>
    Any = String | NotString,
}
