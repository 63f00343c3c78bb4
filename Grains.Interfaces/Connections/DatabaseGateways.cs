using System.Data.Common;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Messaging;
using Orleans.Runtime;

namespace XLLM.Grains.Interfaces.Connections;

/// <summary>Finds the silos that take clients in the cluster's own membership table, PostgreSQL or SQLite, by whatever driver the client has.</summary>
/// <remarks>The query comes from the database too (table OrleansQuery, where the silos put it), so that a client knows no table and a cluster may change them.</remarks>
/// <param name="database">Opens connections to the database that the silos are configured with. Not owned.</param>
/// <param name="cluster">Which cluster.</param>
/// <param name="options">How often Orleans looks again.</param>
internal sealed class DatabaseGateways(DbDataSource database, IOptions<ClusterOptions> cluster, IOptions<GatewayOptions> options) : IGatewayListProvider
{
    private const string QueryKey = "GatewaysQueryKey";
    private string _query = "";

    /// <inheritdoc/>
    public TimeSpan MaxStaleness => options.Value.GatewayListRefreshPeriod;

    /// <inheritdoc/>
    public bool IsUpdatable => true;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The database is none of a cluster.</exception>
    public async Task InitializeGatewayListProvider()
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var command = Command(connection, "SELECT QueryText FROM OrleansQuery WHERE QueryKey = @QueryKey;", ("@QueryKey", QueryKey));
        _query = await command.ExecuteScalarAsync() as string
            ?? throw new InvalidOperationException($"the database that is to name the cluster's gateways has no query '{QueryKey}': it is none that silos were started with");
    }

    /// <inheritdoc/>
    public async Task<IList<Uri>> GetGateways()
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var command = Command(connection, _query, ("@DeploymentId", cluster.Value.ClusterId), ("@Status", (int)SiloStatus.Active));
        await using var reader = await command.ExecuteReaderAsync();
        var gateways = new List<Uri>();
        while (await reader.ReadAsync())
        {
            var address = IPAddress.Parse(Convert.ToString(reader["Address"], CultureInfo.InvariantCulture)!);
            var (port, generation) = (Convert.ToInt32(reader["ProxyPort"], CultureInfo.InvariantCulture), Convert.ToInt32(reader["Generation"], CultureInfo.InvariantCulture));
            gateways.Add(SiloAddress.New(address, port, generation).ToGatewayUri());
        }

        return gateways;
    }

    private static DbCommand Command(DbConnection connection, string text, params (string Name, object Value)[] parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = text;
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value);
            command.Parameters.Add(parameter);
        }

        return command;
    }
}
