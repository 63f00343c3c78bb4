using XLLM.Silo.Hosting.Cluster;

namespace XLLM.Silo.Hosting.Storage;

/// <summary><c>--migrate</c>: brings the database to this program's schema and ends. For deployments whose silos may not change tables.</summary>
internal static class MigrateVerb
{
    /// <summary>The switch, which may stand anywhere.</summary>
    public const string Name = "--migrate";

    /// <summary>Runs it.</summary>
    /// <param name="arguments">All arguments; the switch itself is left out.</param>
    /// <param name="output">Told what was done.</param>
    /// <param name="error">Told why not.</param>
    /// <returns>The exit code.</returns>
    public static int Run(string[] arguments, TextWriter output, TextWriter error)
    {
        try
        {
            var options = Platform.ReadOptions([.. arguments.Where(argument => argument != Name)]);
            var change = ClusterStore.Apply(options, mayChange: true);
            output.WriteLine($"schema of {options.Cluster.Store}: {change switch
            {
                SchemaChange.Created => "created",
                SchemaChange.Updated => "updated",
                _ => "is current",
            }}");
            return 0;
        }
        catch (StartException exception)
        {
            error.WriteLine(exception.Message);
            return 1;
        }
    }
}
