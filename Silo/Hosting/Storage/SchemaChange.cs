namespace XLLM.Silo.Hosting.Storage;

/// <summary>What applying a schema did.</summary>
internal enum SchemaChange
{
    /// <summary>It was there, as this program wants it.</summary>
    None,

    /// <summary>There was none.</summary>
    Created,

    /// <summary>There was an older one, or one with other queries.</summary>
    Updated,

    /// <summary>There is a newer one, which was left alone.</summary>
    RefusedNewer,
}
